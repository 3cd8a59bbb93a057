/** A part of the server under the name that containerd has for it. */
export interface Plugin {
  readonly type: string;
  readonly id: string;
  readonly requires: readonly string[];
  /** Whether it is for one platform, this machine's. */
  readonly on_platform: boolean;
  /** Where its data is, below the data directory; '' for none. */
  readonly folder: string;
  readonly capabilities: readonly string[];
  /** What clients are told its folder is. */
  readonly folder_is: 'root' | 'path';
}

/** Where `ctr install` puts programs, below the data directory. */
export const opt_folder = 'opt';

const type = {
  internal: 'io.containerd.internal.v1',
  content: 'io.containerd.content.v1',
  snapshotter: 'io.containerd.snapshotter.v1',
  metadata: 'io.containerd.metadata.v1',
  event: 'io.containerd.event.v1',
  warning: 'io.containerd.warning.v1',
  gc: 'io.containerd.gc.v1',
  differ: 'io.containerd.differ.v1',
  lease: 'io.containerd.lease.v1',
  shim: 'io.containerd.shim.v1',
  runtime: 'io.containerd.runtime.v2',
  service: 'io.containerd.service.v1',
  sandbox_store: 'io.containerd.sandbox.store.v1',
  sandbox_controller: 'io.containerd.sandbox.controller.v1',
  streaming: 'io.containerd.streaming.v1',
  transfer: 'io.containerd.transfer.v1',
  grpc: 'io.containerd.grpc.v1',
} as const;

interface Details {
  readonly requires?: readonly string[];
  readonly on_platform?: boolean;
  readonly folder?: string;
  readonly capabilities?: readonly string[];
  readonly folder_is?: 'root' | 'path';
}

function plugin(kind: string, id: string, details: Details = {}): Plugin {
  const { requires = [], on_platform = false, folder = '', capabilities = [], folder_is = 'root' } = details;
  return { type: kind, id, requires, on_platform, folder, capabilities, folder_is };
}

function services(...ids: readonly string[]): Plugin[] {
  return ids.map((id) => plugin(type.service, `${id}-service`, { requires: [type.metadata] }));
}

function doors(...ids: readonly string[]): Plugin[] {
  return ids.map((id) => plugin(type.grpc, id, { requires: [type.service] }));
}

const snapshotter: Details = { on_platform: true, folder: 'snapshots' };

/** What clients of containerd 1.6 to 2.x find here: what is served, and nothing else. */
export const plugins: readonly Plugin[] = [
  plugin(type.content, 'content', { folder: 'content' }),
  plugin(type.internal, 'opt', { folder: opt_folder, folder_is: 'path' }),
  plugin(type.warning, 'deprecations'),
  plugin(type.event, 'exchange'),
  plugin(type.snapshotter, 'wherry', snapshotter),
  plugin(type.snapshotter, 'overlayfs', snapshotter),
  plugin(type.metadata, 'bolt', { requires: [type.content, type.snapshotter, type.event] }),
  plugin(type.gc, 'scheduler', { requires: [type.metadata] }),
  plugin(type.differ, 'walking', { requires: [type.metadata], on_platform: true }),
  plugin(type.lease, 'manager', { requires: [type.metadata] }),
  ...services('containers', 'content', 'diff', 'images', 'introspection', 'leases', 'namespaces', 'snapshots'),
  plugin(type.shim, 'manager', { requires: [type.event, type.metadata] }),
  plugin(type.runtime, 'task', { requires: [type.shim], on_platform: true }),
  ...services('tasks'),
  plugin(type.sandbox_store, 'local', { requires: [type.metadata] }),
  plugin(type.sandbox_controller, 'shim', { requires: [type.shim] }),
  plugin(type.streaming, 'manager', { requires: [type.metadata] }),
  plugin(type.transfer, 'local', { requires: [type.lease, type.metadata, type.differ] }),
  ...doors('containers', 'content', 'diff', 'events', 'images', 'introspection', 'leases', 'mounts', 'namespaces'),
  ...doors('sandbox-controllers', 'sandboxes', 'snapshots', 'streaming', 'tasks', 'transfer', 'version', 'healthcheck'),
];
