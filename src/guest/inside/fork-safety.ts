/** What V8 and Node need so that a fork of them without exec lives: see `docs/decisions/starting-guests.md`. */
import ffi from 'node:ffi';
import { readFileSync } from 'node:fs';

import { advise, MADV } from '../../os/index.ts';

const page = 4096n;

let top: bigint | null = null;

/**
 * V8 marks its memory as not to be inherited, so a child would crash at once. One call over the whole address space
 * below the kernel's own pages undoes it; the kernel answers ENOMEM for the holes and still applies it everywhere.
 * Before every fork, because V8 maps new memory in between.
 */
export function allowFork(): void {
  if (top === null) {
    const mapping = /^([0-9a-f]+)-[0-9a-f]+ .*\[v/m.exec(readFileSync('/proc/self/maps', 'latin1'));
    if (mapping === null) throw new Error('Cannot prepare the fork: /proc/self/maps names no kernel pages.');
    top = BigInt(`0x${mapping[1]}`);
  }
  advise(page, top - page, MADV.DOFORK);
}

/** Whether the build of Node is one that `emptyWorkerList` knows. */
export function knowsForkOf(version: string, architecture: string): boolean {
  return known_versions.has(version) && architecture === 'x64';
}

/** Node builds whose platform object was looked at: the offsets below hold for them only. */
const known_versions: ReadonlySet<string> = new Set(['v26.10.0']);

/**
 * V8 posts collector jobs to Node's worker threads, which do not exist in a forked child, and may wait for them for
 * ever. Emptying the platform's list of workers makes it do all of them on the main thread. The offsets are those of
 * one build; every step is checked to point into the heap, and where one does not, nothing is changed (then
 * `--v8-pool-size=1` and the shim's watch are what protects). Gives whether it was done.
 */
export function emptyWorkerList(): boolean {
  if (!knowsForkOf(process.version, process.arch)) return false;
  const maps = readFileSync('/proc/self/maps', 'latin1');
  const heap = /^([0-9a-f]+)-([0-9a-f]+) .*\[heap\]/m.exec(maps);
  if (heap === null) return false;
  const low = BigInt(`0x${heap[1]}`);
  const high = BigInt(`0x${heap[2]}`);
  const inHeap = (address: bigint): boolean => address >= low && address < high;

  let platform: bigint;
  try {
    platform = BigInt(
      new ffi.DynamicLibrary(null as unknown as string).getSymbol('_ZN4node11per_process11v8_platformE'),
    );
  } catch {
    return false;
  }
  for (let word = 0; word < 8; word++) {
    const object = ffi.getUint64(platform, word * 8);
    if (!inHeap(object)) continue;
    const runner = ffi.getUint64(object, 0x78);
    if (!inHeap(runner)) continue;
    const first = ffi.getUint64(runner, 0xc0);
    const last = ffi.getUint64(runner, 0xc8);
    if (inHeap(first) && last > first && (last - first) / 8n <= 64n) {
      ffi.setUint64(runner, 0xc8, first);
      return true;
    }
  }
  return false;
}
