import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import type { DescMessage, DescMethodUnary, DescService, MessageInitShape, MessageShape } from '@bufbuild/protobuf';
import net from 'node:net';

import { fromUnknown, WherryError } from '../../errors/index.ts';
import { ttrpc_connect_ms_max, ttrpc_timeout_ms_max } from '../../limits/index.ts';
import { ResponseSchema } from '../gen/ttrpc/ttrpc_pb.ts';
import { socketPath } from './address.ts';
import { type Metadata, messageTooLong, requestFrame } from './envelope.ts';
import { type Frame, FrameReader, FrameType } from './frame.ts';
import { type CallOptions, isUnary, type ServiceClient } from './service.ts';
import { fromStatus } from './status.ts';

/** A call that waits for its answer. */
interface Pending {
  readonly resolve: (payload: Uint8Array) => void;
  readonly reject: (error: WherryError) => void;
}

const stream_id_max = 0xffff_ffff;

/**
 * The client's side of one ttrpc connection. Any number of calls may wait at once. It does not connect again: when
 * the connection is lost, every call that waits and every later one fails with Unavailable, and `closed` is fulfilled.
 */
export class TtrpcClient {
  /** Fulfilled once, with the reason, when the connection has ended, whoever ended it. */
  readonly closed: Promise<WherryError>;
  readonly #socket: net.Socket;
  readonly #address: string;
  readonly #frames = new FrameReader();
  readonly #pending = new Map<number, Pending>();
  #nextStreamId = 1;
  #lost: WherryError | undefined;

  private constructor(socket: net.Socket, address: string) {
    this.#socket = socket;
    this.#address = address;
    socket.on('data', (chunk: Uint8Array) => {
      for (const frame of this.#frames.push(chunk)) this.#take(frame);
    });
    let cause: Error | undefined;
    socket.on('error', (error) => (cause = error));
    this.closed = new Promise((resolve) => {
      socket.on('close', () => resolve(this.#lose(cause)));
    });
  }

  /**
   * Connects to the server at `address`, a path or `unix://` with one.
   *
   * @throws WherryError Unavailable when nobody answers there, InvalidArgument for an address that cannot be
   */
  static async connect(address: string): Promise<TtrpcClient> {
    const path = socketPath(address);
    const socket = net.connect({ path });
    await new Promise<void>((resolve, reject) => {
      const fail = (cause: Error): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(new WherryError('Unavailable', `Cannot connect to ${path}: ${cause.message}.`, { cause }));
      };
      const timer = setTimeout(
        () => fail(new Error(`no answer within ${ttrpc_connect_ms_max} ms`)),
        ttrpc_connect_ms_max,
      );
      socket.once('error', fail);
      socket.once('connect', () => {
        clearTimeout(timer);
        socket.off('error', fail);
        resolve();
      });
    });
    return new TtrpcClient(socket, path);
  }

  /**
   * The methods of `service` as functions that take a message (or what makes one) and give the answer.
   * Each throws a `WherryError`: the server's own with the class of its gRPC code, DeadlineExceeded after
   * `timeout_ms`, Cancelled when `signal` is aborted (its reason is the cause), Unavailable without a connection,
   * ResourceExhausted for a message over the protocol's limit. Every call carries `metadata` beside its own.
   */
  service<Service extends DescService>(
    service: Service,
    metadata: Readonly<Record<string, string>> = {},
  ): ServiceClient<Service> {
    const methods: Record<string, unknown> = {};
    for (const method of service.methods) {
      if (!isUnary(method)) continue;
      methods[method.localName] = (request: MessageInitShape<DescMessage>, options?: CallOptions) =>
        this.#call(service.typeName, method, request, {
          ...options,
          metadata: { ...metadata, ...options?.metadata },
        });
    }
    return methods as ServiceClient<Service>;
  }

  /** Hangs up; calls that wait fail with Unavailable. */
  close(): void {
    this.#socket.destroy();
    this.#lose(new Error('it was closed'));
  }

  /** Lets the process end although this connection is open. */
  unref(): void {
    this.#socket.unref();
  }

  async #call(
    service: string,
    method: DescMethodUnary,
    request: MessageInitShape<DescMessage>,
    { timeout_ms, signal, metadata }: CallOptions,
  ): Promise<MessageShape<DescMessage>> {
    if (this.#lost !== undefined) throw this.#lost;
    if (signal?.aborted === true) throw cancelled(method.name, signal);
    const streamId = this.#nextStreamId;
    const frame = requestFrame(streamId, {
      service,
      method: method.name,
      payload: toBinary(method.input, create(method.input, request)),
      timeout_ns: timeout_ms === undefined ? 0n : BigInt(Math.max(1, Math.round(timeout_ms * 1e6))),
      metadata: metadata === undefined ? no_metadata : new Map(Object.entries(metadata).map(([k, v]) => [k, [v]])),
    });
    this.#nextStreamId += 2;
    const payload = await new Promise<Uint8Array>((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const finish = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        this.#pending.delete(streamId);
      };
      const abort = (): void => {
        finish();
        reject(cancelled(method.name, signal));
      };
      this.#pending.set(streamId, {
        resolve: (answer) => {
          finish();
          resolve(answer);
        },
        reject: (error) => {
          finish();
          reject(error);
        },
      });
      signal?.addEventListener('abort', abort, { once: true });
      if (timeout_ms !== undefined && timeout_ms <= ttrpc_timeout_ms_max) {
        timer = setTimeout(() => {
          finish();
          reject(new WherryError('DeadlineExceeded', `${method.name} was not answered within ${timeout_ms} ms.`));
        }, timeout_ms);
      }
      this.#socket.write(frame);
    });
    // Stream ids only rise; after the last one there is no way to ask again on this connection.
    if (this.#nextStreamId > stream_id_max) this.close();
    return decode(method, payload);
  }

  #take(frame: Frame): void {
    // The answer of a call that gave up waiting finds nobody, and what a later protocol adds nobody asked for.
    const pending = this.#pending.get(frame.streamId);
    if (pending === undefined || (frame.type !== FrameType.response && frame.type !== FrameType.data)) return;
    if (frame.payload === null) return pending.reject(messageTooLong(frame.length));
    if (frame.type === FrameType.data) {
      return pending.reject(new WherryError('Internal', 'The server answered a call of one message with a stream.'));
    }
    try {
      const { status, payload } = fromBinary(ResponseSchema, frame.payload);
      const error = fromStatus(status);
      if (error === undefined) pending.resolve(payload);
      else pending.reject(error);
    } catch (cause) {
      const why = fromUnknown(cause).message;
      pending.reject(new WherryError('Internal', `The server's answer is no ttrpc response: ${why}.`, { cause }));
    }
  }

  /** Records the loss of the connection, once, and tells every call that waits. */
  #lose(cause: Error | undefined): WherryError {
    if (this.#lost !== undefined) return this.#lost;
    const why = cause === undefined ? 'the server hung up' : cause.message;
    this.#lost = new WherryError('Unavailable', `The connection to ${this.#address} is gone: ${why}.`, { cause });
    for (const pending of this.#pending.values()) pending.reject(this.#lost);
    return this.#lost;
  }
}

const no_metadata: Metadata = new Map();

function cancelled(method: string, signal: AbortSignal | undefined): WherryError {
  return new WherryError('Cancelled', `${method} was given up by its caller.`, { cause: signal?.reason });
}

function decode(method: DescMethodUnary, payload: Uint8Array): MessageShape<DescMessage> {
  try {
    return fromBinary(method.output, payload);
  } catch (cause) {
    const why = fromUnknown(cause).message;
    throw new WherryError('Internal', `The answer to ${method.name} is no ${method.output.typeName}: ${why}.`, {
      cause,
    });
  }
}
