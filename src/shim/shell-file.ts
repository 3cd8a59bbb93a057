import { fstatSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The shell's code, open to be handed to guests. */
export interface ShellFile {
  readonly fd: number;
  readonly bytes: number;
}

let path: string | null = null;
let opened: ShellFile | null = null;

/** Says where the program of guests lies: the shell is beside it. */
export function shellBeside(guest_script: string): void {
  path = join(dirname(guest_script), 'shell.js');
}

/** Opened at the first use, and for good; null where there is none. */
export function shellFile(): ShellFile | null {
  if (opened !== null || path === null) return opened;
  try {
    const fd = openSync(path, 'r');
    opened = { fd, bytes: fstatSync(fd).size };
  } catch {
    path = null;
  }
  return opened;
}
