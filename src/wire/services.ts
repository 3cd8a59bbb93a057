/**
 * containerd's services: their messages, and the server that speaks gRPC. A door of its own, for whoever serves them loads it
 * when the first client comes.
 */
export { GrpcServer } from './grpc/server.ts';
export { Containers as ContainersService } from './gen/containerd/services/containers/v1/containers_pb.ts';
export * as containersApi from './gen/containerd/services/containers/v1/containers_pb.ts';
export { Content as ContentService } from './gen/containerd/services/content/v1/content_pb.ts';
export * as contentApi from './gen/containerd/services/content/v1/content_pb.ts';
export { Diff as DiffService } from './gen/containerd/services/diff/v1/diff_pb.ts';
export * as diffApi from './gen/containerd/services/diff/v1/diff_pb.ts';
export { Images as ImagesService } from './gen/containerd/services/images/v1/images_pb.ts';
export * as imagesApi from './gen/containerd/services/images/v1/images_pb.ts';
export { Introspection as IntrospectionService } from './gen/containerd/services/introspection/v1/introspection_pb.ts';
export * as introspectionApi from './gen/containerd/services/introspection/v1/introspection_pb.ts';
export { Leases as LeasesService } from './gen/containerd/services/leases/v1/leases_pb.ts';
export * as leasesApi from './gen/containerd/services/leases/v1/leases_pb.ts';
export { Mounts as MountsService } from './gen/containerd/services/mounts/v1/mounts_pb.ts';
export * as mountsApi from './gen/containerd/services/mounts/v1/mounts_pb.ts';
export { Namespaces as NamespacesService } from './gen/containerd/services/namespaces/v1/namespaces_pb.ts';
export * as namespacesApi from './gen/containerd/services/namespaces/v1/namespaces_pb.ts';
export { Snapshots as SnapshotsService } from './gen/containerd/services/snapshots/v1/snapshots_pb.ts';
export * as snapshotsApi from './gen/containerd/services/snapshots/v1/snapshots_pb.ts';
export { Streaming as StreamingService } from './gen/containerd/services/streaming/v1/streaming_pb.ts';
export * as streamingApi from './gen/containerd/services/streaming/v1/streaming_pb.ts';
export { Tasks as TasksService } from './gen/containerd/services/tasks/v1/tasks_pb.ts';
export * as tasksApi from './gen/containerd/services/tasks/v1/tasks_pb.ts';
export { Transfer as TransferService } from './gen/containerd/services/transfer/v1/transfer_pb.ts';
export * as transferApi from './gen/containerd/services/transfer/v1/transfer_pb.ts';
export { Version as VersionService } from './gen/containerd/services/version/v1/version_pb.ts';
export * as versionApi from './gen/containerd/services/version/v1/version_pb.ts';
export { Events as EventsService } from './gen/containerd/services/events/v1/events_pb.ts';
export * as eventsApi from './gen/containerd/services/events/v1/events_pb.ts';
export {
  Controller as SandboxControllerService,
  Store as SandboxStoreService,
} from './gen/containerd/services/sandbox/v1/sandbox_pb.ts';
export * as sandboxApi from './gen/containerd/services/sandbox/v1/sandbox_pb.ts';
export * as descriptorTypes from './gen/containerd/types/descriptor_pb.ts';
export * as platformTypes from './gen/containerd/types/platform_pb.ts';
export * as introspectionTypes from './gen/containerd/types/introspection_pb.ts';
export * as metricsTypes from './gen/containerd/types/metrics_pb.ts';
export * as sandboxTypes from './gen/containerd/types/sandbox_pb.ts';
export * as eventTypes from './gen/containerd/types/event_pb.ts';
export * as mountTypes from './gen/containerd/types/mount_pb.ts';
export * as transferContainer from './gen/containerd/types/transfer/container_pb.ts';
export * as transferImagestore from './gen/containerd/types/transfer/imagestore_pb.ts';
export * as transferImportexport from './gen/containerd/types/transfer/importexport_pb.ts';
export * as transferProgress from './gen/containerd/types/transfer/progress_pb.ts';
export * as transferRegistry from './gen/containerd/types/transfer/registry_pb.ts';
export * as transferStreaming from './gen/containerd/types/transfer/streaming_pb.ts';
export { Health as HealthService } from './gen/grpc/health/v1/health_pb.ts';
export * as health from './gen/grpc/health/v1/health_pb.ts';
export { ServerReflection as ReflectionService } from './gen/grpc/reflection/v1/reflection_pb.ts';
export { ServerReflection as ReflectionAlphaService } from './gen/grpc/reflection/v1alpha/reflection_pb.ts';
export * as reflection from './gen/grpc/reflection/v1/reflection_pb.ts';
