import type { GuestMount } from '../vfs/index.ts';

/**
 * What a shim and the process of a guest say to each other, over one stream socket pair: frames of a u32 little-endian
 * length (of what follows), a kind byte, and a payload. Descriptors ride beside the first byte of a frame.
 */

/** Kinds of frames. The guest's process sends the first eight, the shim the rest. */
export const frame = {
  started: 1,
  request: 2,
  running: 3,
  failed: 4,
  exited: 5,
  program: 6,
  core: 7,
  takes_keys: 8,
  descriptors: 16,
  job: 17,
  go: 18,
  reply: 19,
  start: 20,
  notice: 21,
  interrupt: 22,
} as const;

export const frame_header_bytes: number = 5;

/** Writes the header of a frame with `payload_bytes` into `into` at 0. */
export function writeFrameHeader(into: Uint8Array, kind: number, payload_bytes: number): void {
  const length = payload_bytes + 1;
  into[0] = length & 255;
  into[1] = (length >>> 8) & 255;
  into[2] = (length >>> 16) & 255;
  into[3] = length >>> 24;
  into[4] = kind;
}

/** A whole frame. */
export function encodeFrame(kind: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(frame_header_bytes + payload.length);
  writeFrameHeader(bytes, kind, payload.length);
  bytes.set(payload, frame_header_bytes);
  return bytes;
}

/**
 * What a guest is to run. Its descriptors come before it, in this order: stdin, stdout, stderr, the chain index, then
 * tar and index of each layer, base first, then the listeners of the host, in the order of `listening`, then the
 * shell if it is given, then the compiled code if there is some.
 */
export interface GuestJob {
  /** The program and its arguments, as the container's process has them. */
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] };
  readonly root_read_only: boolean;
  readonly layers: readonly { readonly diff_id: string; readonly index_bytes: number }[];
  readonly chain_index_bytes: number;
  readonly mounts: readonly GuestMount[];
  /** Directories that the writable layer has something in, absolute; all others are read from the image alone. */
  readonly touched: readonly string[];
  readonly memory_pages_max: number;
  readonly table_entries_max: number;
  /** What the guest listens to: the port of the container, and how many listeners of the host lead to it. */
  readonly listening: readonly { readonly port: number; readonly listeners: number }[];
  /** The compiled code of a program, should it be the one that is run; null when there is none. */
  readonly code: { readonly place: ProgramPlace; readonly bytes: number } | null;
  /** Waits for a debugger before the first instruction; only in a process that was spawned for it. */
  readonly debug?: boolean;
  /** Sends a core dump when it traps. */
  readonly core?: boolean;
  /** Bytes of the shell that stands in for programs which the image has not. */
  readonly shell?: number;
  /** For the shell: the commands of the container's processes. */
  readonly processes?: readonly (readonly string[])[];
  /** The host's user that the process becomes, when its shim is root. */
  readonly host_uid: number | null;
  /** The guest does not run with a wall missing. */
  readonly all_walls: boolean;
}

/** Bytes of a layer's uncompressed tar that are a program: what a guest's process found, told in a `program` frame. */
export interface ProgramPlace {
  /** The number of the layer, from 0. */
  readonly layer: number;
  readonly offset: number;
  readonly size: number;
}

/** What a compiler process is to compile. */
export interface CompileOrder {
  readonly place: ProgramPlace;
  readonly memory_pages_max: number;
  readonly table_entries_max: number;
  /** Of the processes that will use the code: `flagHash`. */
  readonly flag_hash: number;
}

/** Why a guest did not come to run; `text` is what a runtime says, `code` the exit code Docker gives for it. */
export interface GuestFailure {
  readonly text: string;
  readonly code: number;
}

/** How a guest ended by itself. `trap` is the whole message when it trapped. */
export interface GuestExit {
  readonly code: number;
  readonly trap: string | null;
}
