import { Socket } from 'node:net';

import { broker_request_bytes_max, descriptors_per_job_frame_max, job_inline_bytes_max } from '../../limits/index.ts';
import { close, memoryFile, MSG, sendMessage, SystemError, write } from '../../os/index.ts';
import {
  encodeFrame,
  frame,
  frame_header_bytes,
  type GuestExit,
  type GuestFailure,
  type ProgramPlace,
  writeFrameHeader,
} from '../job.ts';
import { type Wall, walls } from '../walls.ts';
import { UnreadNotices } from './unread-notices.ts';
import { GuestFailed, type GuestOptions } from './starter.ts';

/** What a guest's process must not do; the shim ends it. */
export class Breach extends Error {}

/** The shim's end of the socket pair with a guest's process, once that process has started. */
export interface GuestChannel {
  /** Lets the guest run; whether its process still listens is told by `said`. */
  start(): void;
  /** Tells it what another process of the container changed. */
  notify(notice: Uint8Array): void;
  /** Tells it that the key which interrupts was pressed; to be called only after it said that it takes keys. */
  interrupt(): void;
  /** Settles with the walls around the guest's process. */
  readonly running: Promise<readonly Wall[]>;
  /** What the guest's process said of its guest's end; null when it closed its end without a word. */
  readonly said: Promise<GuestExit | null>;
}

/** Sends what the guest is to run: to be called before the other end reads, since it fits the socket's buffer. */
export function sendJob(fd: number, options: GuestOptions): void {
  const { descriptors } = options;
  for (let i = 0; i < descriptors.length; i += descriptors_per_job_frame_max)
    sendWhole(fd, encodeFrame(frame.descriptors), descriptors.slice(i, i + descriptors_per_job_frame_max));
  const job = Buffer.from(JSON.stringify(options.job));
  if (job.length <= job_inline_bytes_max) {
    sendWhole(fd, encodeFrame(frame.job, job), []);
    return;
  }
  const file = memoryFile('job');
  try {
    for (let at = 0; at < job.length;) at += write(file, job.subarray(at));
    sendWhole(fd, encodeFrame(frame.job), [file]);
  } finally {
    close(file);
  }
}

/** Lets the guest's process go on: it stands where its limits hold, once it has written itself into `groups`. */
export function sendGo(fd: number, groups: readonly number[]): void {
  try {
    sendWhole(fd, encodeFrame(frame.go, Uint8Array.of(groups.length)), groups);
  } finally {
    for (const each of groups) close(each);
  }
}

function sendWhole(fd: number, bytes: Uint8Array, descriptors: readonly number[]): void {
  const sent = sendMessage(fd, bytes, descriptors, MSG.DONTWAIT);
  if (sent !== bytes.length) throw new Breach('the channel of a guest is full');
}

/**
 * Serves the requests of a guest's process until it closes its end. Never waits for it: a reply that does not fit
 * the socket is a breach. Takes `fd` over and closes it.
 */
export function serveChannel(fd: number, options: GuestOptions, onBreach: (error: Breach) => void): GuestChannel {
  const socket = new Socket({ fd, readable: true, writable: false, allowHalfOpen: true } as object);
  const running = Promise.withResolvers<readonly Wall[]>();
  const said = Promise.withResolvers<GuestExit | null>();
  // A guest that never runs is told of by `running`; nobody needs to listen when the process is killed before.
  running.promise.catch(() => {});
  let pending: Buffer = Buffer.alloc(0);
  let broken = false;
  let program_told = false;
  const notices = new UnreadNotices();

  socket.on('data', (chunk: Buffer) => {
    if (broken) return;
    pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
    try {
      while (pending.length >= 4) {
        const length = pending.readUInt32LE(0);
        if (length < 1 || length > broker_request_bytes_max + 1) throw new Breach('a frame of a guest is too long');
        if (pending.length < 4 + length) break;
        take(pending[4]!, pending.subarray(frame_header_bytes, 4 + length));
        pending = pending.subarray(4 + length);
      }
    } catch (error) {
      broken = true;
      onBreach(error instanceof Breach ? error : new Breach(String(error), { cause: error }));
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    running.reject(new GuestFailed({ text: 'the process of the guest ended before the guest ran', code: 128 }));
    said.resolve(null);
  });
  socket.on('end', () => socket.destroy());

  function take(kind: number, payload: Buffer): void {
    switch (kind) {
      case frame.request: {
        notices.requested();
        const { reply, descriptor } = options.answer(payload);
        const whole = new Uint8Array(frame_header_bytes + reply.length);
        writeFrameHeader(whole, frame.reply, reply.length);
        whole.set(reply, frame_header_bytes);
        try {
          sendWhole(fd, whole, descriptor === null ? [] : [descriptor]);
        } finally {
          if (descriptor !== null) close(descriptor);
        }
        notices.replied();
        break;
      }
      case frame.running:
        running.resolve(readWalls(payload));
        break;
      case frame.failed:
        running.reject(new GuestFailed(readFailure(payload)));
        break;
      case frame.program:
        if (program_told) throw new Breach('a guest tells of its program again');
        program_told = true;
        options.program?.(readPlace(payload, options));
        break;
      case frame.core:
        if (options.core === undefined) throw new Breach('a guest sent a core dump that nobody asked for');
        options.core(payload);
        break;
      case frame.takes_keys:
        options.takesKeys?.();
        break;
      case frame.exited:
        said.resolve(readExit(payload));
        break;
      default:
        throw new Breach(`a guest sent a frame of kind ${kind}`);
    }
  }

  /** Sends what was not asked for; a guest that lets its socket fill up is ended. */
  function tell(bytes: Uint8Array): void {
    if (broken || socket.destroyed) return;
    try {
      sendWhole(fd, bytes, []);
    } catch (error) {
      if (error instanceof SystemError && error.code === 'EPIPE') return;
      broken = true;
      onBreach(error instanceof Breach ? error : new Breach(String(error), { cause: error }));
    }
  }

  return {
    running: running.promise,
    said: said.promise,
    start() {
      if (socket.destroyed) return;
      try {
        sendWhole(fd, encodeFrame(frame.start), []);
      } catch (error) {
        if (error instanceof SystemError && error.code === 'EPIPE') return;
        throw error;
      }
    },
    notify(notice) {
      const told = notices.next(notice);
      if (told !== null) tell(encodeFrame(frame.notice, told));
    },
    interrupt: () => tell(encodeFrame(frame.interrupt)),
  };
}

function readFailure(payload: Buffer): GuestFailure {
  const { text, code } = JSON.parse(payload.toString()) as Partial<GuestFailure>;
  if (typeof text !== 'string' || !isExitCode(code)) throw new Breach('a guest does not say how it failed');
  return { text, code };
}

function readPlace(payload: Buffer, { job }: GuestOptions): ProgramPlace {
  const { layer, offset, size } = JSON.parse(payload.toString()) as Partial<ProgramPlace>;
  const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  if (!isCount(layer) || !isCount(offset) || !isCount(size) || layer >= job.layers.length)
    throw new Breach('a guest does not say where its program is');
  return { layer, offset, size };
}

function readExit(payload: Buffer): GuestExit {
  const { code, trap } = JSON.parse(payload.toString()) as Partial<GuestExit>;
  if (!isExitCode(code) || (trap !== null && typeof trap !== 'string'))
    throw new Breach('a guest does not say how it ended');
  return { code, trap };
}

/** Said before any of the guest's instructions has run, so it can be believed. */
function readWalls(payload: Buffer): readonly Wall[] {
  const raised: unknown = JSON.parse(payload.toString());
  if (!Array.isArray(raised)) throw new Breach('a guest does not say which walls it has');
  return walls.filter((wall) => raised.includes(wall));
}

function isExitCode(code: unknown): code is number {
  return typeof code === 'number' && Number.isInteger(code) && code >= 0 && code <= 255;
}
