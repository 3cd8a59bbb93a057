/**
 * V8 puts each 256 KiB of its heap at a random place of a 64 TiB range, so each needs page tables of its own, three
 * levels deep. A fork copies them all and a child's exit frees them; in a virtual machine without nested paging that is
 * most of what either costs. With the range taken, V8's requests fall to where the kernel puts things: side by side.
 */
import { readFileSync } from 'node:fs';

import { reserveAddresses } from '../../os/index.ts';

/** Where V8 scatters on a 64-bit Linux; below it lies the program itself. */
const low = 1n << 32n;
const high = 1n << 46n;

/** Takes what is free of the range. First of all in a process, before its heap has grown. */
export function reserveScatter(): void {
  let at = low;
  for (const line of readFileSync('/proc/self/maps', 'latin1').split('\n')) {
    const dash = line.indexOf('-');
    if (dash < 0) continue;
    const start = BigInt(`0x${line.slice(0, dash)}`);
    const end = BigInt(`0x${line.slice(dash + 1, line.indexOf(' '))}`);
    if (start >= high) break;
    if (start > at) reserveAddresses(at, start - at);
    if (end > at) at = end;
  }
  if (high > at) reserveAddresses(at, high - at);
}

/** Moves what lives in scattered pages together, and gives the pages back. */
export function gatherHeap(): void {
  const { gc } = globalThis as { gc?: (options: object) => void };
  for (let i = 0; i < 2; i++) gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
