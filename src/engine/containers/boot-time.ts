import { readFileSync } from 'node:fs';

/** When the machine was started, in ms since 1970. proc(5), btime. */
export function bootTime(): number {
  const text = readFileSync('/proc/stat', 'utf8');
  return Number(/^btime (\d+)$/m.exec(text)?.[1] ?? 0) * 1000;
}
