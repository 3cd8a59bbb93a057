import { readdirSync, readlinkSync } from 'node:fs';

/** The descriptors of this process, each with what it is as `/proc/self/fd` says. */
export function openDescriptors(): ReadonlyMap<number, string> {
  const open = new Map<number, string>();
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      open.set(Number(name), readlinkSync(`/proc/self/fd/${name}`));
    } catch {
      // The descriptor of the listing itself.
    }
  }
  return open;
}
