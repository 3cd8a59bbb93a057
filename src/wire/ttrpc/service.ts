import type {
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  DescMethodUnary,
  DescService,
  MessageInitShape,
  MessageShape,
} from '@bufbuild/protobuf';

import type { Metadata } from './envelope.ts';

/** What a handler knows of a call beside its message. */
export interface CallContext {
  /** Aborted when the caller's time is up, its connection is gone or the server closes; the reason is a `WherryError`. */
  readonly signal: AbortSignal;
  readonly metadata: Metadata;
  /** Nanoseconds the caller gave the whole call; 0 is for ever. */
  readonly timeout_ns: bigint;
}

/**
 * One function a method of the service `Service`: a message or a stream of them for a message or a stream of them. A
 * method left out answers Unimplemented; over ttrpc a streaming one does, too.
 */
export type ServiceHandlers<Service extends DescService> = {
  readonly [Name in keyof Service['method']]?: Handler<Service['method'][Name]>;
};

type Handler<Method> =
  Method extends DescMethodUnary<infer Input, infer Output>
    ? (request: MessageShape<Input>, call: CallContext) => Promise<MessageInitShape<Output>>
    : Method extends DescMethodServerStreaming<infer Input, infer Output>
      ? (request: MessageShape<Input>, call: CallContext) => AsyncIterable<MessageInitShape<Output>>
      : Method extends DescMethodClientStreaming<infer Input, infer Output>
        ? (requests: AsyncIterable<MessageShape<Input>>, call: CallContext) => Promise<MessageInitShape<Output>>
        : Method extends DescMethodBiDiStreaming<infer Input, infer Output>
          ? (requests: AsyncIterable<MessageShape<Input>>, call: CallContext) => AsyncIterable<MessageInitShape<Output>>
          : never;

export interface CallOptions {
  /** Milliseconds to wait for the answer; the server is told, too. Without it the call waits for ever. */
  readonly timeout_ms?: number;
  readonly signal?: AbortSignal;
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The methods of the service `Service` as asynchronous functions. */
export type ServiceClient<Service extends DescService> = {
  readonly [Name in keyof Service['method']]: Service['method'][Name] extends DescMethodUnary<infer Input, infer Output>
    ? (request: MessageInitShape<Input>, options?: CallOptions) => Promise<MessageShape<Output>>
    : never;
};

/** Whether a method is one message for one message: streams are not spoken yet. */
export function isUnary(method: DescMethod): method is DescMethodUnary {
  return method.methodKind === 'unary';
}
