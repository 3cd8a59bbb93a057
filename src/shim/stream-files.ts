import { closeSync, constants, createWriteStream, fstatSync, mkdirSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Writable } from 'node:stream';

const { O_APPEND, O_CREAT, O_NONBLOCK, O_RDONLY, O_RDWR } = constants;

/**
 * Opens the file or named pipe at `path` for what a guest prints. A pipe is opened for both directions, so that this
 * neither waits for a reader nor fails when one leaves. `make_folder`: the folder of a file is made with it.
 *
 * @throws the system's error when it cannot be opened
 */
export function openOutput(path: string, make_folder = false): Writable {
  if (make_folder) mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const fd = openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK, 0o640);
  // A full pipe would hold one of the few threads that write files, and with four of them every log.
  const file = fstatSync(fd).isFIFO()
    ? new Socket({ fd, readable: false, writable: true } as object)
    : createWriteStream('', { fd });
  file.on('error', () => {});
  return file;
}

/** The file or named pipe that a guest reads its stdin from. */
export interface InputFile {
  /** The guest's end. */
  readonly fd: number;
  /** Lets the guest come to the end of a pipe. */
  end(): void;
}

/**
 * Opens what lies at `path` for a guest's stdin, without waiting for somebody who writes into it.
 *
 * @throws the system's error when it cannot be opened
 */
export function openInput(path: string): InputFile {
  const first = openSync(path, O_RDONLY | O_NONBLOCK);
  if (!fstatSync(first).isFIFO()) {
    closeSync(first);
    return { fd: openSync(path, O_RDONLY), end: () => {} };
  }
  // Until its end is told, a writer that has not come yet must not look like one that left.
  let keeper: number | null = null;
  try {
    keeper = openSync(path, O_RDWR | O_NONBLOCK);
    const fd = openSync(path, O_RDONLY);
    return {
      fd,
      end() {
        if (keeper !== null) closeSync(keeper);
        keeper = null;
      },
    };
  } catch (error) {
    if (keeper !== null) closeSync(keeper);
    throw error;
  } finally {
    closeSync(first);
  }
}
