import type { Core } from '../../core/index.ts';
import { GrpcServer, HealthService, StreamingService, TransferService, VersionService } from '../../wire/services.ts';
import { healthService } from './services/health.ts';
import { streamingService } from './services/streaming.ts';
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
  server.register(VersionService, versionService(about));
  server.register(HealthService, healthService());
  const streams = new TransferStreams();
  server.register(StreamingService, streamingService(streams));
  server.register(TransferService, transferService(core, streams));
  return server;
}
