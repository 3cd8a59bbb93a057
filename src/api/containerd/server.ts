import type { Core } from '../../core/index.ts';
import { GrpcServer, HealthService, TasksService, VersionService } from '../../wire/services.ts';
import { healthService } from './services/health.ts';
import { tasksService } from './services/tasks.ts';
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
  server.register(TasksService, tasksService(core));
  return server;
}
