import { create, fromBinary, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { type Any, AnySchema, EmptySchema } from '@bufbuild/protobuf/wkt';
import * as grpc from '@grpc/grpc-js';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { type Core, createCore } from '../../../core/index.ts';
import { packMessage } from '../../../wire/index.ts';
import { streamingApi, transferApi } from '../../../wire/services.ts';
import { createContainerdApi } from '../server.ts';

/** A stream as a client has it. */
export interface ClientStream {
  send(message: Any): void;
  /** The next message; null when the server ended the stream. */
  receive(): Promise<Any | null>;
  /** Says that no more is sent. */
  end(): void;
  /** Gives the stream up. */
  cancel(): void;
}

/** A client of the services over gRPC, on a store of its own. */
export interface TransferClient {
  readonly core: Core;
  /** Opens a stream, which is registered then. */
  stream(id: string, namespace?: string): Promise<ClientStream>;
  /** Rejects with gRPC's error, which has `code` and `details`. */
  transfer(request: MessageInitShape<typeof transferApi.TransferRequestSchema>, namespace?: string): Promise<void>;
}

export async function transferClient(t: TestContext): Promise<TransferClient> {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-transfer-'));
  const core = await createCore({
    root: join(folder, 'root'),
    state: join(folder, 'state'),
    gate: { imageVisible() {}, containerCreate() {}, taskStart() {} },
    launcher: { launch: () => Promise.reject(new Error('no shims here')) },
    log: { info() {}, warn() {}, error() {} },
  });
  const faults: unknown[] = [];
  const api = createContainerdApi({
    core,
    about: { version: 'v2.1.0', revision: '' },
    onFault: (error) => faults.push(error),
  });
  const path = join(folder, 'c.sock');
  const server = createServer((socket) => api.accept(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const client = new grpc.Client(`unix:${path}`, grpc.credentials.createInsecure());
  t.after(async () => {
    client.close();
    api.close();
    server.close();
    await core.close();
    rmSync(folder, { recursive: true, force: true });
    if (faults.length > 0) throw faults[0];
  });
  return {
    core,
    stream: (id, namespace = 'test') => openStream(client, id, namespace),
    transfer: (request, namespace = 'test') =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          '/containerd.services.transfer.v1.Transfer/Transfer',
          (message) => Buffer.from(toBinary(transferApi.TransferRequestSchema, message)),
          (bytes) => fromBinary(EmptySchema, bytes),
          create(transferApi.TransferRequestSchema, request),
          metadataFor(namespace),
          (error) => (error === null ? resolve() : reject(error)),
        );
      }),
  };
}

async function openStream(client: grpc.Client, id: string, namespace: string): Promise<ClientStream> {
  const call = client.makeBidiStreamRequest(
    '/containerd.services.streaming.v1.Streaming/Stream',
    (message: Any) => Buffer.from(toBinary(AnySchema, message)),
    (bytes) => fromBinary(AnySchema, bytes),
    metadataFor(namespace),
  );
  const messages = call.iterator({ destroyOnReturn: false }) as AsyncIterator<Any>;
  const receive = async (): Promise<Any | null> => {
    const next = await messages.next();
    return next.done === true ? null : next.value;
  };
  call.write(packMessage(streamingApi.StreamInitSchema, { id }));
  const first = await receive();
  if (first?.typeUrl !== 'google.protobuf.Empty') throw new Error(`the stream begins with ${String(first?.typeUrl)}`);
  // What breaks it later is seen by whoever reads.
  call.on('error', () => {});
  return {
    receive,
    send: (message) => void call.write(message),
    end: () => call.end(),
    cancel: () => call.cancel(),
  };
}

function metadataFor(namespace: string): grpc.Metadata {
  const metadata = new grpc.Metadata();
  if (namespace !== '') metadata.set('containerd-namespace', namespace);
  return metadata;
}
