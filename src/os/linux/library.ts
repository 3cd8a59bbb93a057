/**
 * The C library of this process, by FFI. Every struct a call needs lives in one long-lived buffer of its binding,
 * because a buffer that only a raw pointer refers to may be collected while the kernel reads it.
 */
import ffi, { type FunctionDefinitions, type WrappedFunctionsFromDefinitions } from 'node:ffi';
import { getSystemErrorName } from 'node:util';

/** Binds symbols of the process itself (libc and what the Node binary exports). */
export function bind<const T extends FunctionDefinitions>(definitions: T): WrappedFunctionsFromDefinitions<T> {
  return ffi.dlopen(null, definitions).functions;
}

const { __errno_location } = bind({ __errno_location: { arguments: [], return: 'uint64' } });
const errno_address: bigint = __errno_location();

/** errno of the last failed call of this thread. Read it before anything else is called. */
export function lastErrno(): number {
  return ffi.getInt32(errno_address, 0);
}

/** A failed system call: `errno` is Linux's positive number, `code` its name, as Node's own errors have it. */
export class SystemError extends Error {
  readonly errno: number;
  readonly code: string;
  readonly syscall: string;

  constructor(syscall: string, errno: number, detail?: string) {
    const code = getSystemErrorName(-errno);
    super(`${syscall}${detail === undefined ? '' : ` ${detail}`}: ${code}`);
    this.name = 'SystemError';
    this.errno = errno;
    this.code = code;
    this.syscall = syscall;
  }
}

/** Passes a result of a call on, or throws errno as a `SystemError` when it is negative. */
export function check(syscall: string, result: number, detail?: string): number {
  if (result < 0) throw new SystemError(syscall, lastErrno(), detail);
  return result;
}

/** The address of a buffer. The caller keeps the buffer alive for as long as the address is used. */
export function addressOf(view: ArrayBufferView): bigint {
  const buffer = view instanceof Uint8Array ? view : new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return ffi.getRawPointer(buffer as Uint8Array<ArrayBuffer>);
}

const raw = bind({
  syscall: {
    arguments: ['int64', 'int64', 'int64', 'int64', 'int64', 'int64', 'int64'],
    return: 'int64',
  },
});

export type Word = number | bigint | ArrayBufferView;

function word(value: Word | undefined): bigint {
  if (value === undefined) return 0n;
  if (typeof value === 'number') return BigInt(value);
  if (typeof value === 'bigint') return value;
  return addressOf(value);
}

/** One raw system call by number; gives its result, or `-errno`. Buffers among the arguments must outlive the call. */
export function systemCall(number: number, a?: Word, b?: Word, c?: Word, d?: Word, e?: Word, f?: Word): number {
  const result = Number(raw.syscall(BigInt(number), word(a), word(b), word(c), word(d), word(e), word(f)));
  return result < 0 ? -lastErrno() : result;
}

const arm = process.arch === 'arm64';

/** System call numbers used raw, for the two architectures that are supported. */
export const sys: Record<
  | 'close_range'
  | 'fchmodat2'
  | 'getdents64'
  | 'openat2'
  | 'pidfd_open'
  | 'pidfd_send_signal'
  | 'setfsgid'
  | 'setfsuid'
  | 'setgroups',
  number
> = {
  close_range: 436,
  fchmodat2: 452,
  getdents64: arm ? 61 : 217,
  openat2: 437,
  pidfd_open: 434,
  pidfd_send_signal: 424,
  setfsgid: arm ? 152 : 123,
  setfsuid: arm ? 151 : 122,
  setgroups: arm ? 159 : 116,
};
