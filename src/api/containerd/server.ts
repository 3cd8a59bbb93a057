import type { Core } from '../../core/index.ts';
import { DiffService, GrpcServer, HealthService, SnapshotsService, VersionService } from '../../wire/services.ts';
import { healthService } from './services/health.ts';
import { diffService } from './services/diff.ts';
import { snapshotsService } from './services/snapshots.ts';
import { versionService } from './services/version.ts';

export interface ContainerdApiOptions {
  readonly core: Core;
  /** The containerd that clients may take this for. */
  readonly about: { readonly version: string; readonly revision: string };
  /** What a client cannot be told: an error that is nobody's answer. */
  onFault(error: unknown): void;
}

/** containerd's services over gRPC, without a listener. */
export function createContainerdApi({ core, about, onFault }: ContainerdApiOptions): GrpcServer {
  const server = new GrpcServer(onFault);
  server.register(VersionService, versionService(about));
  server.register(HealthService, healthService());
  server.register(SnapshotsService, snapshotsService(core));
  server.register(DiffService, diffService(core));
  return server;
}
