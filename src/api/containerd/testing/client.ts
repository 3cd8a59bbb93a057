import {
  create,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type DescMessage,
  type DescService,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';

/** What a call is for and what holds what it makes. */
export interface CallHeaders {
  readonly namespace?: string;
  readonly lease?: string;
}

/** A call with streams in both directions. */
export interface TestStream<Input, Output> extends AsyncIterable<Output> {
  send(message: Input): void;
  /** The next answer; throws the call's error, and when there is none. */
  next(): Promise<Output>;
  /** Says that nothing more comes. */
  end(): void;
  /** Gives the call up. */
  cancel(): void;
}

type ClientMethod<Method> =
  Method extends DescMethodUnary<infer Input, infer Output>
    ? (request: MessageInitShape<Input>, headers?: CallHeaders) => Promise<MessageShape<Output>>
    : Method extends DescMethodServerStreaming<infer Input, infer Output>
      ? (request: MessageInitShape<Input>, headers?: CallHeaders) => TestStream<never, MessageShape<Output>>
      : Method extends DescMethodBiDiStreaming<infer Input, infer Output>
        ? (headers?: CallHeaders) => TestStream<MessageInitShape<Input>, MessageShape<Output>>
        : never;

/** The methods of `Service` as a test calls them. */
export type TestService<Service extends DescService> = {
  readonly [Name in keyof Service['method']]: ClientMethod<Service['method'][Name]>;
};

/** The error of a call, with gRPC's code. */
export interface CallError extends Error {
  readonly code: number;
  readonly details: string;
}

/** A client of containerd's services as containerd's own are: over gRPC, on a socket. */
export class TestClient {
  readonly #client: grpc.Client;
  readonly #headers: CallHeaders;

  /** @param headers stand in every call that does not say otherwise. */
  constructor(socket: string, headers: CallHeaders = { namespace: 'default' }) {
    this.#client = new grpc.Client(`unix:${socket}`, grpc.credentials.createInsecure(), {
      'grpc.max_receive_message_length': 16 * 1024 * 1024,
      'grpc.max_send_message_length': -1,
    });
    this.#headers = headers;
  }

  service<Service extends DescService>(service: Service): TestService<Service> {
    const methods = service.methods.map((method) => [method.localName, this.#method(service, method)]);
    return Object.fromEntries(methods) as TestService<Service>;
  }

  close(): void {
    this.#client.close();
  }

  #method(service: DescService, method: DescMethod): unknown {
    const path = `/${service.typeName}/${method.name}`;
    const encode = (message: unknown): Buffer =>
      Buffer.from(toBinary(method.input, create(method.input, message as MessageInitShape<DescMessage>)));
    const decode = (bytes: Buffer): unknown => fromBinary(method.output, bytes);
    const metadata = (headers: CallHeaders = {}): grpc.Metadata => toMetadata({ ...this.#headers, ...headers });
    switch (method.methodKind) {
      case 'unary':
        return (request: unknown, headers?: CallHeaders) =>
          new Promise((resolve, reject) => {
            this.#client.makeUnaryRequest(path, encode, decode, request, metadata(headers), (error, answer) => {
              if (error === null) resolve(answer);
              else reject(error);
            });
          });
      case 'server_streaming':
        return (request: unknown, headers?: CallHeaders) =>
          new Stream(this.#client.makeServerStreamRequest(path, encode, decode, request, metadata(headers)));
      default:
        return (headers?: CallHeaders) =>
          new Stream(this.#client.makeBidiStreamRequest(path, encode, decode, metadata(headers)));
    }
  }
}

type Call = grpc.ClientReadableStream<unknown> &
  Partial<Pick<grpc.ClientDuplexStream<unknown, unknown>, 'write' | 'end'>>;

class Stream implements TestStream<unknown, unknown> {
  readonly #call: Call;
  readonly #answers: AsyncIterator<unknown>;

  constructor(call: Call) {
    this.#call = call;
    this.#answers = call[Symbol.asyncIterator]();
  }

  send(message: unknown): void {
    this.#call.write?.(message);
  }

  async next(): Promise<unknown> {
    const { done, value } = await this.#answers.next();
    if (done === true) throw new Error('the call has ended');
    return value;
  }

  end(): void {
    this.#call.end?.();
  }

  cancel(): void {
    this.#call.on('error', () => {});
    this.#call.cancel();
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return this.#answers;
  }
}

function toMetadata({ namespace, lease }: CallHeaders): grpc.Metadata {
  const metadata = new grpc.Metadata();
  if (namespace !== undefined && namespace !== '') metadata.set('containerd-namespace', namespace);
  if (lease !== undefined) metadata.set('containerd-lease', lease);
  return metadata;
}
