import { ttrpc_message_bytes_max } from '../../limits/index.ts';

/** A frame begins with: length u32 (without these ten bytes), stream id u32, type u8, flags u8; big-endian. */
export const frame_header_bytes: number = 10;

export const FrameType = { request: 1, response: 2, data: 3 } as const;

/** One frame as it arrived. `payload` is null when `length` is over the limit: its bytes were skipped. */
export interface Frame {
  readonly streamId: number;
  readonly type: number;
  readonly flags: number;
  readonly length: number;
  readonly payload: Uint8Array | null;
}

/** Writes the header into the first ten bytes of `frame`, whose rest is the payload. */
export function writeFrameHeader(frame: Uint8Array, streamId: number, type: number, flags = 0): void {
  const view = new DataView(frame.buffer, frame.byteOffset, frame_header_bytes);
  view.setUint32(0, frame.length - frame_header_bytes);
  view.setUint32(4, streamId);
  view.setUint8(8, type);
  view.setUint8(9, flags);
}

/**
 * Takes the bytes of one direction of a connection as they come and gives its frames. A frame that lies wholly in one
 * chunk is not copied: its payload is a view of that chunk.
 */
export class FrameReader {
  readonly #header = new Uint8Array(frame_header_bytes);
  readonly #headerView = new DataView(this.#header.buffer);
  #headerFilled = 0;
  #payload: Uint8Array | null = null;
  #payloadFilled = 0;
  #skip_bytes = 0;

  /** The frames that `chunk` completes, in order. The chunk belongs to the reader from here on. */
  push(chunk: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      if (this.#headerFilled < frame_header_bytes) {
        const part = chunk.subarray(at, at + frame_header_bytes - this.#headerFilled);
        this.#header.set(part, this.#headerFilled);
        this.#headerFilled += part.length;
        at += part.length;
        if (this.#headerFilled < frame_header_bytes) return frames;
        if (this.#length > ttrpc_message_bytes_max) this.#skip_bytes = this.#length;
      }
      const length = this.#length;
      if (length > ttrpc_message_bytes_max) {
        const skipped = Math.min(this.#skip_bytes, chunk.length - at);
        this.#skip_bytes -= skipped;
        at += skipped;
        if (this.#skip_bytes > 0) return frames;
        frames.push(this.#finish(null));
      } else if (this.#payload === null && chunk.length - at >= length) {
        frames.push(this.#finish(chunk.subarray(at, at + length)));
        at += length;
      } else {
        // Memory of which nothing is touched yet: a peer that only claims a long frame costs address space.
        this.#payload ??= Buffer.allocUnsafeSlow(length);
        const part = chunk.subarray(at, at + length - this.#payloadFilled);
        this.#payload.set(part, this.#payloadFilled);
        this.#payloadFilled += part.length;
        at += part.length;
        if (this.#payloadFilled < length) return frames;
        frames.push(this.#finish(this.#payload));
      }
    }
  }

  get #length(): number {
    return this.#headerView.getUint32(0);
  }

  #finish(payload: Uint8Array | null): Frame {
    const view = this.#headerView;
    this.#headerFilled = 0;
    this.#payload = null;
    this.#payloadFilled = 0;
    return {
      streamId: view.getUint32(4),
      type: view.getUint8(8),
      flags: view.getUint8(9),
      length: view.getUint32(0),
      payload,
    };
  }
}
