import { readFileSync } from 'node:fs';

import { unmount } from './mounts.ts';

/** Where something is mounted at `path` or below it, the deepest first. proc(5), mountinfo. */
export function mountsBelow(path: string): readonly string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const target = line.split(' ')[4];
      // Blanks and backslashes stand there in octal.
      return target === undefined ? [] : [target.replaceAll(/\\(\d{3})/g, (_, octal: string) => octet(octal))];
    })
    .filter((target) => target === path || target.startsWith(`${path}/`))
    .toReversed();
}

function octet(octal: string): string {
  return String.fromCharCode(Number.parseInt(octal, 8));
}

/** Takes away all that is mounted at `path` and below it, at once for those that are still in use. */
export function unmountTree(path: string): void {
  for (const target of mountsBelow(path)) unmount(target);
}
