import { name_bytes_max, path_bytes_max } from '../limits/index.ts';
import { fail } from './errno.ts';
import type { GuestMemory } from './guest-memory.ts';

/** A path taken apart. */
export interface Path {
  /** Its names in order, `..` among them, `.` and empty ones left out. */
  readonly names: readonly string[];
  /** It ends with `/` or `/.`: what it leads to must be a directory. */
  readonly slash: boolean;
  /** What its last component is; a path of only `.` is `'dot'`. */
  readonly last: 'name' | 'dot' | 'dotdot';
}

/**
 * Reads a guest's path of `length` bytes at `pointer`. Empty is NOENT, over `path_bytes_max` NAMETOOLONG, a NUL INVAL,
 * not UTF-8 ILSEQ, absolute NOTCAPABLE. A name that is too long is found by who comes to it, see `isTooLong`.
 */
export function readPath(memory: GuestMemory, pointer: number, length: number): Path {
  const text = readPathText(memory, pointer, length);
  if (text.charCodeAt(0) === 0x2f) throw fail('NOTCAPABLE');
  return parsePath(text);
}

/** The text of a guest's path, which may be absolute: the target of a symlink is one. */
export function readPathText(memory: GuestMemory, pointer: number, length: number): string {
  if (length === 0) throw fail('NOENT');
  if (length > path_bytes_max) throw fail('NAMETOOLONG');
  const text = memory.text(pointer, length);
  if (text.includes('\0')) throw fail('INVAL');
  return text;
}

/** Takes `text` apart; a leading `/` is passed over. */
export function parsePath(text: string): Path {
  const names: string[] = [];
  let last: Path['last'] = 'dot';
  for (const name of text.split('/')) {
    if (name === '') continue;
    if (name === '.') last = 'dot';
    else {
      names.push(name);
      last = name === '..' ? 'dotdot' : 'name';
    }
  }
  return { names, slash: text.endsWith('/') || last === 'dot', last };
}

const encoder = new TextEncoder();

/** Whether a name is over `name_bytes_max`. */
export function isTooLong(name: string): boolean {
  // A UTF-16 unit is at most three bytes of UTF-8.
  return name.length * 3 > name_bytes_max && encoder.encode(name).length > name_bytes_max;
}
