import ffi from 'node:ffi';

import { bind, lastErrno, SystemError } from './library.ts';

const c = bind({
  malloc_trim: { arguments: ['uint64'], return: 'int32' },
  madvise: { arguments: ['uint64', 'uint64', 'int32'], return: 'int32' },
  mmap: { arguments: ['uint64', 'uint64', 'int32', 'int32', 'int32', 'int64'], return: 'uint64' },
  munmap: { arguments: ['uint64', 'uint64'], return: 'int32' },
});

/** A file mapped read-only and shared: pages come in when they are touched and are nobody's private memory. */
export interface Mapped {
  readonly bytes: Uint8Array;
  unmap(): void;
}

/** Maps the first `length` bytes of a file. The view must not be used after `unmap`. */
export function mapFile(fd: number, length: number): Mapped {
  if (length === 0) return { bytes: new Uint8Array(0), unmap: () => {} };
  const address = c.mmap(0n, BigInt(length), 1, 1, fd, 0n);
  if (address === 0xffffffffffffffffn) throw new SystemError('mmap', lastErrno());
  return {
    bytes: new Uint8Array(ffi.toArrayBuffer(address, length, false)),
    unmap: () => void c.munmap(address, BigInt(length)),
  };
}

/** As `mapFile`, behind `offset`, a multiple of a page: what is written to it is this process's alone. */
export function mapPrivate(fd: number, length: number, offset: number): Mapped {
  // PROT_READ, PROT_WRITE; MAP_PRIVATE.
  const address = c.mmap(0n, BigInt(length), 3, 2, fd, BigInt(offset));
  if (address === 0xffffffffffffffffn) throw new SystemError('mmap', lastErrno());
  return {
    bytes: new Uint8Array(ffi.toArrayBuffer(address, length, false)),
    unmap: () => void c.munmap(address, BigInt(length)),
  };
}

/**
 * Takes a range of addresses so that nothing else is put there; costs no memory. False when something is there already.
 */
export function reserveAddresses(start: bigint, length: bigint): boolean {
  // PROT_NONE; MAP_PRIVATE, MAP_ANONYMOUS, MAP_NORESERVE, MAP_FIXED_NOREPLACE.
  return c.mmap(start, length, 0, 0x2 | 0x20 | 0x4000 | 0x100000, -1, 0n) === start;
}

/** Gives memory that the C library holds free back to the kernel. */
export function trimHeap(): void {
  c.malloc_trim(0n);
}

/** `madvise(2)`; gives 0 or `-errno`, since callers differ in what they forgive. */
export function advise(address: bigint, length: bigint, advice: number): number {
  return c.madvise(address, length, advice) === 0 ? 0 : -lastErrno();
}

/** Advice numbers. */
export const MADV = { DOFORK: 11, POPULATE_READ: 22, POPULATE_WRITE: 23 } as const;
