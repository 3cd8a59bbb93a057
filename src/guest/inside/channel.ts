import { close, readableBytes, receiveMessage, sendMessage } from '../../os/index.ts';
import { frame, frame_header_bytes, writeFrameHeader } from '../job.ts';

/** The shim has gone or speaks nonsense: this process has no reason to live on. */
export class ChannelLost extends Error {}

const received = Buffer.alloc(128 * 1024);
const sent = Buffer.alloc(128 * 1024);

/** The guest process's end of the socket pair with its shim. One request at a time, blocking. */
export interface Channel {
  readonly fd: number;
  /** Sends a frame whole. */
  send(kind: number, payload?: Uint8Array, descriptors?: readonly number[]): void;
  /** The next frame. Its payload is valid until the next call. */
  receive(): { readonly kind: number; readonly payload: Uint8Array };
  /** Descriptors that came with frames and were not taken yet, in order. */
  takeDescriptors(): number[];
  /** Waits for the word to start, which may have come while something was asked of the broker. */
  takeStart(): void;
  /** A broker request and its reply; the reply is valid until the next call. */
  call(request: Uint8Array): { readonly reply: Uint8Array; readonly descriptor: number | null };
  /** What the broker told all other processes of the container since; never blocks. */
  takeNotices(): readonly Uint8Array[];
  /** Whether somebody pressed the key that interrupts, since it was asked last; never blocks. */
  takeInterrupt(): boolean;
}

const nothing: readonly Uint8Array[] = [];

/** Speaks over the connected stream socket `fd`. */
export function openChannel(fd: number): Channel {
  let start = 0;
  let end = 0;
  let descriptors: number[] = [];
  let started = false;
  let interrupted = false;
  let notices: Uint8Array[] = [];

  /** Takes in what comes unasked; false for a frame of another kind. */
  function takeUnasked({ kind, payload }: { readonly kind: number; readonly payload: Uint8Array }): boolean {
    if (kind === frame.start) started = true;
    else if (kind === frame.notice) notices.push(Uint8Array.from(payload));
    else if (kind === frame.interrupt) interrupted = true;
    else return false;
    return true;
  }

  function fill(wanted: number): void {
    if (received.length - start < wanted) {
      received.copyWithin(0, start, end);
      end -= start;
      start = 0;
    }
    while (end - start < wanted) {
      const message = receiveMessage(fd, received.subarray(end));
      if (message === null || message.bytes === 0) throw new ChannelLost('the shim has closed the channel');
      end += message.bytes;
      if (message.descriptors.length > 0) descriptors.push(...message.descriptors);
    }
  }

  function takeWaiting(): void {
    while (end > start || readableBytes(fd) > 0)
      if (!takeUnasked(channel.receive())) throw new ChannelLost('the shim answered what was not asked');
  }

  const channel: Channel = {
    fd,
    send(kind, payload, with_descriptors) {
      const size = payload?.length ?? 0;
      writeFrameHeader(sent, kind, size);
      if (payload !== undefined) sent.set(payload, frame_header_bytes);
      const whole = sent.subarray(0, frame_header_bytes + size);
      let done = sendMessage(fd, whole, with_descriptors);
      while (done < whole.length) done += sendMessage(fd, whole.subarray(done));
    },
    receive() {
      if (start === end) start = end = 0;
      fill(4);
      const length = received.readUInt32LE(start);
      if (length < 1 || length > received.length - 4) throw new ChannelLost('a frame of the shim is too long');
      fill(4 + length);
      const kind = received[start + 4]!;
      const payload = received.subarray(start + frame_header_bytes, start + 4 + length);
      start += 4 + length;
      return { kind, payload };
    },
    takeDescriptors() {
      const taken = descriptors;
      descriptors = [];
      return taken;
    },
    takeStart() {
      while (!started) if (!takeUnasked(channel.receive())) throw new ChannelLost('the shim did not say when to start');
    },
    call(request) {
      channel.send(frame.request, request);
      let next = channel.receive();
      while (takeUnasked(next)) next = channel.receive();
      const { kind, payload } = next;
      if (kind !== frame.reply) throw new ChannelLost('the shim answered out of turn');
      const [descriptor = null, ...more] = channel.takeDescriptors();
      for (const extra of more) close(extra);
      return { reply: payload, descriptor };
    },
    takeInterrupt() {
      takeWaiting();
      const taken = interrupted;
      interrupted = false;
      return taken;
    },
    takeNotices() {
      takeWaiting();
      if (notices.length === 0) return nothing;
      const taken = notices;
      notices = [];
      return taken;
    },
  };
  return channel;
}
