/** A client of containerd's services over gRPC, for tests: one connection, one namespace. */
import {
  create,
  type DescMessage,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';

/** What a call ended with that did not go well. */
export class CallError extends Error {
  /** `NOT_FOUND`. */
  readonly code: string;

  constructor(code: number, details: string) {
    super(details);
    this.code = grpc.status[code] ?? String(code);
  }
}

/** Messages to a server and from it; either side's end is its own. */
export interface Stream<Input extends DescMessage, Output extends DescMessage> {
  send(message: MessageInitShape<Input>): void;
  end(): void;
  /** Ends the call at once. */
  cancel(): void;
  readonly received: AsyncIterable<MessageShape<Output>>;
}

const bytes_max = 64 * 1024 * 1024;

export class Client {
  readonly #client: grpc.Client;
  readonly #headers = new grpc.Metadata();

  /** `headers` go with every call. */
  constructor(socket: string, namespace: string, headers: Readonly<Record<string, string>> = {}) {
    this.#client = new grpc.Client(`unix://${socket}`, grpc.credentials.createInsecure(), {
      'grpc.max_receive_message_length': bytes_max,
      'grpc.max_send_message_length': bytes_max,
      // A connection of its own.
      'grpc.use_local_subchannel_pool': 1,
    });
    this.#headers.set('containerd-namespace', namespace);
    for (const [name, value] of Object.entries(headers)) this.#headers.set(name, value);
  }

  /** @throws CallError */
  async call<I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    message: MessageInitShape<I>,
  ): Promise<MessageShape<O>> {
    return await new Promise<MessageShape<O>>((resolve, reject) => {
      const { path, serialize, deserialize } = wire(method);
      this.#client.makeUnaryRequest(path, serialize, deserialize, message, this.#headers, (error, answer) => {
        if (error !== null) reject(new CallError(error.code, error.details));
        else resolve(answer!);
      });
    });
  }

  /** The bytes of the answer to bytes, of any method by its path. */
  async callRaw(path: string, message: Buffer): Promise<Buffer> {
    return await new Promise<Buffer>((resolve, reject) => {
      const same = (bytes: Buffer): Buffer => bytes;
      this.#client.makeUnaryRequest(path, same, same, message, this.#headers, (error, answer) => {
        if (error !== null) reject(new CallError(error.code, error.details));
        else resolve(answer!);
      });
    });
  }

  /** What the server sends for one message. */
  async *read<I extends DescMessage, O extends DescMessage>(
    method: DescMethodServerStreaming<I, O>,
    message: MessageInitShape<I>,
  ): AsyncGenerator<MessageShape<O>> {
    const { path, serialize, deserialize } = wire(method);
    const stream = this.#client.makeServerStreamRequest(path, serialize, deserialize, message, this.#headers);
    try {
      yield* received(stream);
    } finally {
      stream.cancel();
    }
  }

  open<I extends DescMessage, O extends DescMessage>(method: DescMethodBiDiStreaming<I, O>): Stream<I, O> {
    const { path, serialize, deserialize } = wire(method);
    const stream = this.#client.makeBidiStreamRequest(path, serialize, deserialize, this.#headers);
    // Whoever reads hears of it.
    stream.on('error', () => {});
    return {
      send: (message) => void stream.write(message),
      end: () => stream.end(),
      cancel: () => stream.cancel(),
      received: received<MessageShape<O>>(stream),
    };
  }

  close(): void {
    this.#client.close();
  }
}

async function* received<T>(stream: AsyncIterable<unknown>): AsyncGenerator<T> {
  try {
    for await (const message of stream) yield message as T;
  } catch (error) {
    const { code, details } = error as grpc.ServiceError;
    throw new CallError(code, details);
  }
}

function wire<I extends DescMessage, O extends DescMessage>(method: {
  readonly parent: { readonly typeName: string };
  readonly name: string;
  readonly input: I;
  readonly output: O;
}): {
  path: string;
  serialize(message: MessageInitShape<I>): Buffer;
  deserialize(bytes: Buffer): MessageShape<O>;
} {
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    serialize: (message) => Buffer.from(toBinary(method.input, create(method.input, message))),
    deserialize: (bytes) => fromBinary(method.output, bytes),
  };
}
