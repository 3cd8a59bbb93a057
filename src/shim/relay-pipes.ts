import { constants, lstatSync, mkdirSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';

import { close, makeFifo } from '../os/index.ts';

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;

/** Paths of the named pipes of one process; '' where it has no such stream. */
export interface RelayPipes {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Our ends of them. */
export interface OpenPipes {
  readonly stdin: Socket | null;
  readonly stdout: Socket;
  readonly stderr: Socket | null;
  /**
   * Further ends, -1 for none, to be closed once the other shim has its own. Until then what is written to stdin has
   * nobody else to keep it, and a writer of output that has not come yet must not look like one that left.
   */
  readonly kept: readonly [number, number, number];
}

/**
 * Makes the named pipes of a process in `folder`, but for those that are there. With a terminal stderr is part of stdout.
 *
 * @throws the system's error when one cannot be made
 */
export function makePipes(folder: string, wanted: { stdin: boolean; terminal: boolean }): RelayPipes {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const made = (name: string): string => {
    const path = join(folder, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) makeFifo(path, 0o600);
    else if (!found.isFIFO()) throw new Error(`${path} is no named pipe`);
    return path;
  };
  return {
    stdin: wanted.stdin ? made('stdin') : '',
    stdout: made('stdout'),
    stderr: wanted.terminal ? '' : made('stderr'),
  };
}

/** Opens our ends, without waiting for the other shim's. @throws the system's error */
export function openPipes({ stdin, stdout, stderr }: RelayPipes): OpenPipes {
  const opened: number[] = [];
  const opening = (path: string, flags: number): number => {
    if (path === '') return -1;
    const fd = openSync(path, flags | O_NONBLOCK);
    opened.push(fd);
    return fd;
  };
  try {
    const out = opening(stdout, O_RDONLY);
    const err = opening(stderr, O_RDONLY);
    // Writing alone would fail until somebody reads.
    const input = opening(stdin, O_RDWR);
    const kept = [opening(stdin, O_RDWR), opening(stdout, O_WRONLY), opening(stderr, O_WRONLY)] as const;
    return {
      stdin: input < 0 ? null : new Socket({ fd: input, readable: false, writable: true } as object),
      stdout: reading(out),
      stderr: err < 0 ? null : reading(err),
      kept,
    };
  } catch (error) {
    for (const fd of opened) close(fd);
    throw error;
  }
}

function reading(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: false } as object);
}
