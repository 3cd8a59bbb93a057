import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import type { Socket } from 'node:net';

import { WherryError } from '../../errors/index.ts';
import { ttrpc_calls_per_connection_max, ttrpc_timeout_ms_max, ttrpc_unsent_bytes_max } from '../../limits/index.ts';
import { type Request, RequestSchema } from '../gen/ttrpc/ttrpc_pb.ts';
import { type Metadata, messageTooLong, responseFrame, statusFrame } from './envelope.ts';
import { type Frame, FrameReader, FrameType } from './frame.ts';
import type { CallContext } from './service.ts';
import { toStatus } from './status.ts';

/** A unary method with the function that answers it. */
export interface Method {
  readonly description: DescMethodUnary;
  readonly handle: (request: MessageShape<DescMessage>, call: CallContext) => Promise<MessageInitShape<DescMessage>>;
}

/** Finds a method by the names in a request; throws a `WherryError` Unimplemented in containerd's words. */
export type FindMethod = (service: string, method: string) => Method;

/**
 * The server's side of one connection: takes requests, runs any number of them at once and answers each when it is
 * done. The peer is not trusted: what it may leave unread, how many calls it may hold and how long a frame may be are
 * all bounded.
 */
export class ServerConnection {
  readonly #socket: Socket;
  readonly #find: FindMethod;
  readonly #frames = new FrameReader();
  readonly #calls = new Set<Call>();
  #lastStreamId = 0;
  #refusal: WherryError | undefined;
  #idle: (() => void) | undefined;

  constructor(socket: Socket, find: FindMethod) {
    this.#socket = socket;
    this.#find = find;
    socket.on('data', (chunk: Uint8Array) => {
      for (const frame of this.#frames.push(chunk)) this.#take(frame);
    });
    socket.on('drain', () => socket.resume());
    // An error is always followed by 'close', which is where calls are told.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#abort(new WherryError('Cancelled', 'The caller of this ttrpc call went away.'));
    });
  }

  /** Takes no more calls, asks those that run to end, answers them and hangs up. */
  async close(reason: WherryError): Promise<void> {
    this.#refusal = reason;
    this.#abort(reason);
    if (this.#calls.size > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#socket.destroySoon();
  }

  #take(frame: Frame): void {
    try {
      if (frame.payload === null) throw messageTooLong(frame.length);
      if (frame.streamId % 2 !== 1) {
        throw new WherryError('InvalidArgument', 'StreamID must be odd for client initiated streams');
      }
      if (frame.type === FrameType.data) {
        throw new WherryError('InvalidArgument', 'StreamID is no longer active');
      }
      // A frame of a type that a later protocol adds is passed over, as containerd does.
      if (frame.type !== FrameType.request) return;
      if (frame.streamId <= this.#lastStreamId) {
        throw new WherryError('InvalidArgument', 'StreamID cannot be re-used and must increment');
      }
      this.#lastStreamId = frame.streamId;
      if (this.#refusal !== undefined) throw this.#refusal;
      if (this.#calls.size >= ttrpc_calls_per_connection_max) {
        throw new WherryError(
          'ResourceExhausted',
          `Cannot take another call: this connection has ${this.#calls.size} unanswered, which is the most it may have.`,
        );
      }
      const request = parse(RequestSchema, frame.payload, 'InvalidArgument', 'unmarshal request error');
      const method = this.#find(request.service, request.method);
      const message = parse(
        method.description.input,
        request.payload,
        'Internal',
        'ttrpc: error unmarshalling payload',
      );
      void this.#run(frame.streamId, method, message, new Call(request));
    } catch (thrown) {
      this.#send(statusFrame(frame.streamId, toStatus(thrown)));
    }
  }

  /** Never rejects: whatever a handler throws is its answer. */
  async #run(streamId: number, method: Method, message: MessageShape<DescMessage>, call: Call): Promise<void> {
    this.#calls.add(call);
    call.start();
    try {
      const result = await method.handle(message, call);
      const output = method.description.output;
      this.#send(responseFrame(streamId, toBinary(output, create(output, result))));
    } catch (thrown) {
      this.#send(statusFrame(streamId, toStatus(thrown)));
    }
    call.stop();
    this.#calls.delete(call);
    if (this.#calls.size === 0) this.#idle?.();
  }

  #send(frame: Uint8Array): void {
    if (!this.#socket.writable) return;
    this.#socket.write(frame);
    // A peer that asks and does not read its answers is not read from either, until it has taken them.
    if (this.#socket.writableLength > ttrpc_unsent_bytes_max) this.#socket.pause();
  }

  #abort(reason: WherryError): void {
    for (const call of this.#calls) call.abort(reason);
  }
}

/** One call that runs. Its signal is made when the handler first asks for it: most never do. */
class Call implements CallContext {
  readonly metadata: Metadata;
  readonly timeout_ns: bigint;
  #controller: AbortController | undefined;
  #ended: WherryError | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(request: Request) {
    const metadata = new Map<string, string[]>();
    for (const { key, value } of request.metadata) {
      const values = metadata.get(key);
      if (values === undefined) metadata.set(key, [value]);
      else values.push(value);
    }
    this.metadata = metadata;
    this.timeout_ns = request.timeoutNano;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#ended !== undefined) this.#controller.abort(this.#ended);
    return this.#controller.signal;
  }

  start(): void {
    if (this.timeout_ns === 0n) return;
    // Further away than a timer can count is as good as for ever; below zero is now.
    const timeout_ms = Math.max(0, Number(this.timeout_ns / 1_000_000n));
    if (timeout_ms > ttrpc_timeout_ms_max) return;
    this.#timer = setTimeout(() => {
      this.abort(new WherryError('DeadlineExceeded', 'context deadline exceeded'));
    }, timeout_ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  abort(reason: WherryError): void {
    this.#ended ??= reason;
    this.#controller?.abort(this.#ended);
  }
}

/** Decodes `bytes` as a message of `schema`; what is none becomes an error that says where it was found. */
function parse<Schema extends DescMessage>(
  schema: Schema,
  bytes: Uint8Array,
  errorClass: 'InvalidArgument' | 'Internal',
  where: string,
): MessageShape<Schema> {
  try {
    return fromBinary(schema, bytes);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new WherryError(errorClass, `${where}: ${why}`, { cause });
  }
}
