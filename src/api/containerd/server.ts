import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Core } from '../../core/index.ts';
import {
  ContainersService,
  ContentService,
  DiffService,
  EventsService,
  GrpcServer,
  HealthService,
  ImagesService,
  IntrospectionService,
  LeasesService,
  MountsService,
  NamespacesService,
  ReflectionAlphaService,
  ReflectionService,
  SandboxControllerService,
  SandboxStoreService,
  SnapshotsService,
  StreamingService,
  TasksService,
  TransferService,
  VersionService,
} from '../../wire/services.ts';
import { opt_folder } from './plugins.ts';
import { containersService } from './services/containers.ts';
import { contentService } from './services/content.ts';
import { diffService } from './services/diff.ts';
import { eventsService } from './services/events.ts';
import { healthService } from './services/health.ts';
import { imagesService } from './services/images.ts';
import { introspectionService } from './services/introspection.ts';
import { leasesService } from './services/leases.ts';
import { mountsService } from './services/mounts.ts';
import { namespacesService } from './services/namespaces.ts';
import { reflectionService } from './services/reflection.ts';
import { sandboxControllerService } from './services/sandbox-controller.ts';
import { sandboxStoreService } from './services/sandbox-store.ts';
import { snapshotsService } from './services/snapshots.ts';
import { streamingService } from './services/streaming.ts';
import { tasksService } from './services/tasks.ts';
import { transferService } from './services/transfer.ts';
import { versionService } from './services/version.ts';
import { TransferStreams } from './transfer/streams.ts';

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
  // `ctr install` makes what is below it, not the folder itself.
  mkdirSync(join(core.root, opt_folder), { recursive: true });
  server.register(VersionService, versionService(about));
  server.register(NamespacesService, namespacesService(core));
  server.register(ContainersService, containersService(core));
  server.register(ImagesService, imagesService(core));
  server.register(LeasesService, leasesService(core));
  server.register(ContentService, contentService(core));
  server.register(SnapshotsService, snapshotsService(core));
  server.register(MountsService, mountsService(core));
  server.register(DiffService, diffService(core));
  server.register(EventsService, eventsService(core));
  server.register(IntrospectionService, introspectionService(core));
  server.register(SandboxControllerService, sandboxControllerService(core));
  server.register(SandboxStoreService, sandboxStoreService(core));
  server.register(HealthService, healthService());
  const reflection = reflectionService(() => server.services);
  server.register(ReflectionService, reflection);
  server.register(ReflectionAlphaService, reflection);
  server.register(TasksService, tasksService(core));
  const streams = new TransferStreams();
  server.register(StreamingService, streamingService(streams));
  server.register(TransferService, transferService(core, streams));
  return server;
}
