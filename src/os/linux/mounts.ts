import { Worker } from 'node:worker_threads';

import { bind, check, lastErrno, SystemError } from './library.ts';
import { errno } from './errno.ts';

const c = bind({
  mount: { arguments: ['string', 'string', 'string', 'uint64', 'string'], return: 'int32' },
  umount2: { arguments: ['string', 'int32'], return: 'int32' },
});

/** `mount(2)` flags. */
export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  SYNCHRONOUS: 16,
  REMOUNT: 32,
  DIRSYNC: 128,
  NOATIME: 1024,
  NODIRATIME: 2048,
  BIND: 4096,
  REC: 16_384,
  PRIVATE: 0x4_0000,
  RELATIME: 0x20_0000,
  STRICTATIME: 0x100_0000,
} as const;

/** `mount(2)`; `data` has at most a page. Needs CAP_SYS_ADMIN. */
export function mount(source: string, target: string, type: string, flags: number, data: string): void {
  if ([source, target, type, data].some((text) => text.includes('\0'))) throw new SystemError('mount', errno.EINVAL);
  check('mount', c.mount(source, target, type, BigInt(flags), data), `${type} at ${target}`);
}

/** Unmounts what lies on top at `target`, lazily when it is busy; false when nothing is mounted there. */
export function unmount(target: string): boolean {
  const detach_nofollow = 2 | 8;
  if (c.umount2(target, detach_nofollow) === 0) return true;
  const e = lastErrno();
  if (e === errno.EINVAL || e === errno.ENOENT) return false;
  throw new SystemError('umount2', e, target);
}

/** What a thread of its own runs, since the call waits for the disk and has no form that does not. */
const sync_source = `
const { parentPort, workerData } = require('node:worker_threads');
const { syncfs } = require('node:ffi').dlopen(null, { syncfs: { arguments: ['int32'], return: 'int32' } }).functions;
parentPort.postMessage(syncfs(workerData));
`;

/** Makes durable what was written to the filesystem that the descriptor is on, without holding this thread up. */
export function syncFilesystem(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(sync_source, { eval: true, workerData: fd });
    worker.once('message', (result: number) =>
      result === 0 ? resolve() : reject(new SystemError('syncfs', errno.EIO)),
    );
    worker.once('error', reject);
  });
}
