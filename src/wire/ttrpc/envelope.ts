import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { toBinary } from '@bufbuild/protobuf';

import { WherryError } from '../../errors/index.ts';
import { ttrpc_message_bytes_max } from '../../limits/index.ts';
import { type Status, StatusSchema } from '../gen/google/rpc/status_pb.ts';
import { frame_header_bytes, FrameType, writeFrameHeader } from './frame.ts';

/** Header fields beside a call, such as `containerd-namespace-ttrpc`; a key may stand more than once. */
export type Metadata = ReadonlyMap<string, readonly string[]>;

export interface RequestEnvelope {
  readonly service: string;
  readonly method: string;
  readonly payload: Uint8Array;
  /** Nanoseconds the caller waits; 0 is for ever. */
  readonly timeout_ns: bigint;
  readonly metadata: Metadata;
}

const no_header = new Uint8Array(frame_header_bytes);

/**
 * A whole request frame with its header, ready for one write: `ttrpc.Request` encoded by hand, behind ten bytes left
 * free, so that the payload is not copied from envelope to frame.
 *
 * @throws WherryError ResourceExhausted when the message is over the protocol's limit
 */
export function requestFrame(streamId: number, request: RequestEnvelope): Uint8Array {
  const writer = new BinaryWriter().raw(no_header);
  writer.tag(1, WireType.LengthDelimited).string(request.service);
  writer.tag(2, WireType.LengthDelimited).string(request.method);
  if (request.payload.length > 0) writer.tag(3, WireType.LengthDelimited).bytes(request.payload);
  if (request.timeout_ns !== 0n) writer.tag(4, WireType.Varint).int64(request.timeout_ns);
  for (const [key, values] of request.metadata) {
    for (const value of values) {
      writer.tag(5, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.LengthDelimited).string(key);
      writer.tag(2, WireType.LengthDelimited).string(value).join();
    }
  }
  return finish(writer, streamId, FrameType.request);
}

/** A whole response frame that carries `payload`, an encoded message; throws as `requestFrame` does. */
export function responseFrame(streamId: number, payload: Uint8Array): Uint8Array {
  const writer = new BinaryWriter().raw(no_header);
  if (payload.length > 0) writer.tag(2, WireType.LengthDelimited).bytes(payload);
  return finish(writer, streamId, FrameType.response);
}

/** A whole response frame that says why there is no message. */
export function statusFrame(streamId: number, status: Status): Uint8Array {
  const writer = new BinaryWriter().raw(no_header);
  writer.tag(1, WireType.LengthDelimited).bytes(toBinary(StatusSchema, status));
  return finish(writer, streamId, FrameType.response);
}

/** What both ends say of a message over the limit, in containerd's words. */
export function messageTooLong(length_bytes: number): WherryError<'ResourceExhausted'> {
  return new WherryError(
    'ResourceExhausted',
    `message length ${length_bytes} exceed maximum message size of ${ttrpc_message_bytes_max}`,
  );
}

function finish(writer: BinaryWriter, streamId: number, type: number): Uint8Array {
  const frame = writer.finish();
  const length = frame.length - frame_header_bytes;
  if (length > ttrpc_message_bytes_max) throw messageTooLong(length);
  writeFrameHeader(frame, streamId, type);
  return frame;
}
