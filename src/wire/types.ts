/** Messages that several of containerd's services share. */
export { ProcessInfoSchema, ProcessSchema, Status } from './gen/containerd/v1/types/task_pb.ts';
export type { ProcessInfo } from './gen/containerd/v1/types/task_pb.ts';
export type { Mount } from './gen/containerd/types/mount_pb.ts';
export type { Envelope } from './gen/containerd/types/event_pb.ts';
