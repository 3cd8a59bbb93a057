import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescMethod, DescService, MessageShape, DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';
import { once } from 'node:events';
import type http2 from 'node:http2';
import type { Duplex } from 'node:stream';

import { fromUnknown, grpcStatus, WherryError } from '../../errors/index.ts';
import {
  grpc_message_bytes_max,
  grpc_resets_max,
  grpc_resets_per_second_max,
  grpc_streams_max,
  grpc_window_bytes,
} from '../../limits/index.ts';
import type { Metadata } from '../ttrpc/envelope.ts';
import type { ServiceHandlers } from '../ttrpc/service.ts';

type Handle = (input: unknown, call: { signal: AbortSignal; metadata: Metadata; timeout_ns: bigint }) => unknown;
type Call = grpc.ServerUnaryCall<unknown, unknown> &
  grpc.ServerReadableStream<unknown, unknown> &
  grpc.ServerWritableStream<unknown, unknown>;

/**
 * A gRPC server without a listener: connections are given to it, so that who listens decides when this is loaded. What
 * a handler throws is sent as its code and message; a call that its client gave up aborts the handler's signal.
 */
export class GrpcServer {
  readonly #server = makeServer();
  readonly #injector = this.#server.createConnectionInjector(grpc.ServerCredentials.createInsecure());
  readonly #onFault: (error: unknown) => void;
  readonly #descriptions: DescService[] = [];
  #open = 0;
  #last_ms = Date.now();

  /** @param onFault is told what a handler threw that is no `WherryError`. */
  constructor(onFault: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  /** When the last call ended, in ms since 1970; now while one is open. */
  get last_used_ms(): number {
    return this.#open > 0 ? Date.now() : this.#last_ms;
  }

  /** The services that are served. */
  get services(): readonly DescService[] {
    return this.#descriptions;
  }

  /** Answers the methods of `service` with `handlers`; one left out answers Unimplemented. */
  register<Service extends DescService>(service: Service, handlers: ServiceHandlers<Service>): void {
    const definition: Record<string, grpc.MethodDefinition<unknown, unknown>> = {};
    const implementation: Record<string, grpc.UntypedHandleCall> = {};
    for (const method of service.methods) {
      definition[method.name] = methodDefinition(service, method);
      const handle = (handlers as Record<string, Handle | undefined>)[method.localName]?.bind(handlers);
      implementation[method.name] = this.#answer(
        method,
        handle ?? absent(service, method),
      ) as unknown as grpc.UntypedHandleCall;
    }
    this.#server.addService(definition as grpc.ServiceDefinition, implementation);
    this.#descriptions.push(service);
  }

  /** Serves one connection, whose first bytes have not been read. */
  accept(connection: Duplex): void {
    this.#injector.injectConnection(connection);
  }

  /** Ends all calls and hangs up. */
  close(): void {
    this.#injector.destroy();
    this.#server.forceShutdown();
  }

  #answer(method: DescMethod, handle: Handle): (call: Call, answer?: grpc.sendUnaryData<unknown>) => Promise<void> {
    return async (call, answer) => {
      this.#open++;
      const gone = new AbortController();
      // Of a stream that broke, too, the handler hears by its signal.
      for (const event of ['cancelled', 'error'])
        call.on(event, () => gone.abort(new WherryError('Cancelled', 'context canceled')));
      const context = { signal: gone.signal, metadata: metadataOf(call.metadata), timeout_ns: 0n };
      const isOne = method.methodKind === 'unary' || method.methodKind === 'server_streaming';
      // A client that has sent its last message is still to be answered.
      const input: unknown = isOne ? call.request : call.iterator({ destroyOnReturn: false });
      try {
        const made = handle(input, context);
        if (answer === undefined) await send(call, method, made as AsyncIterable<unknown>, gone.signal);
        else answer(null, create(method.output, (await made) as MessageInitShape<DescMessage>));
      } catch (thrown) {
        if (!(thrown instanceof WherryError)) this.#onFault(thrown);
        const status = { code: grpcStatus(thrown), details: fromUnknown(thrown).message };
        if (answer !== undefined) answer(status);
        else if (!gone.signal.aborted) call.emit('error', status);
      } finally {
        this.#open--;
        this.#last_ms = Date.now();
      }
    };
  }
}

function makeServer(): grpc.Server {
  const server = new grpc.Server({
    'grpc.max_receive_message_length': grpc_message_bytes_max,
    'grpc.max_send_message_length': grpc_message_bytes_max,
    'grpc.max_concurrent_streams': grpc_streams_max,
  });
  // Without a name of gRPC's own: what Node allows otherwise, a thousand, ends the connection of whoever reads 32 MB.
  const options: http2.ServerOptions = server['commonServerOptions'];
  options.streamResetBurst = grpc_resets_max;
  options.streamResetRate = grpc_resets_per_second_max;
  // HTTP/2's own 64 KiB have a writer wait for word sixteen times a megabyte.
  options.settings = { ...options.settings, initialWindowSize: grpc_window_bytes };
  const make = server['createHttp2Server'].bind(server);
  server['createHttp2Server'] = (credentials: grpc.ServerCredentials) => {
    const made = make(credentials);
    made.on('session', (session: http2.ServerHttp2Session) => session.setLocalWindowSize(grpc_window_bytes));
    return made;
  };
  return server;
}

/** Sends a stream of messages no faster than the client takes them. */
async function send(
  call: Call,
  method: DescMethod,
  messages: AsyncIterable<unknown>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of messages) {
    if (signal.aborted) return;
    if (!call.write(create(method.output, message as MessageInitShape<DescMessage>)))
      await once(call, 'drain', { signal }).catch(() => {});
  }
  if (!signal.aborted) call.end();
}

function absent(service: DescService, method: DescMethod): Handle {
  return () => {
    throw new WherryError('Unimplemented', `unknown method ${method.name} for service ${service.typeName}`);
  };
}

function methodDefinition(service: DescService, method: DescMethod): grpc.MethodDefinition<unknown, unknown> {
  const { input, output } = method;
  return {
    path: `/${service.typeName}/${method.name}`,
    requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    requestSerialize: (message) => Buffer.from(toBinary(input, message as MessageShape<DescMessage>)),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: (message) => {
      const bytes = toBinary(output, message as MessageShape<DescMessage>);
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    responseDeserialize: (bytes) => fromBinary(output, bytes),
  };
}

function metadataOf(metadata: grpc.Metadata): Metadata {
  return new Map(Object.keys(metadata.getMap()).map((name) => [name, metadata.get(name).map(String)]));
}
