import { spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';

import { WherryError } from '../errors/index.ts';
import { logger_end_ms_max, logger_kill_ms_max } from '../limits/index.ts';
import { close, pipe } from '../os/index.ts';

/** Whose output it is, as a logger is told in its environment. */
export interface LoggedContainer {
  readonly id: string;
  readonly namespace: string;
}

/** A program that takes a task's output, as containerd's `binary://` names it. */
export interface BinaryLogger {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Settles when it takes output; rejects when it ended before. */
  readonly ready: Promise<void>;
}

/**
 * Starts the program at `path`: it reads stdout from its descriptor 3 and stderr from 4, and says by closing 5 that it
 * is ready. When both have ended it has a while to end, too.
 *
 * @throws WherryError Unknown in containerd's words when it cannot be started
 */
export function startBinaryLogger(path: string, args: readonly string[], container: LoggedContainer): BinaryLogger {
  const pipes = [pipe(), pipe(), pipe()] as const;
  const [out, err, readiness] = pipes;
  const child = spawn(path, [...args], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', out.reader, err.reader, readiness.writer],
    env: { ...process.env, CONTAINER_ID: container.id, CONTAINER_NAMESPACE: container.namespace },
  });
  for (const fd of [out.reader, err.reader, readiness.writer]) close(fd);
  let failed: NodeJS.ErrnoException | null = null;
  child.on('error', (error) => (failed = error));
  if (child.pid === undefined) {
    for (const fd of [out.writer, err.writer, readiness.reader]) close(fd);
    throw new WherryError('Unknown', `failed to start binary process: fork/exec ${path}: no such program runs here`, {
      cause: failed,
    });
  }
  child.unref();
  const stdout = writer(out.writer);
  const stderr = writer(err.writer);
  let open = 2;
  for (const stream of [stdout, stderr]) {
    stream.once('close', () => {
      if (--open > 0 || child.exitCode !== null || child.signalCode !== null) return;
      // It writes down what it has; one that does not end by itself is ended.
      const ask = setTimeout(() => child.kill('SIGTERM'), logger_end_ms_max).unref();
      const kill = setTimeout(() => child.kill('SIGKILL'), logger_end_ms_max + logger_kill_ms_max).unref();
      child.once('exit', () => {
        clearTimeout(ask);
        clearTimeout(kill);
      });
    });
  }
  return { stdout, stderr, ready: readyOf(readiness.reader) };
}

function writer(fd: number): Writable {
  const stream = new Socket({ fd, readable: false, writable: true } as object);
  stream.on('error', () => {});
  return stream;
}

/** One byte, or the end of the pipe: whoever holds its other end has said so, or is gone. */
function readyOf(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = createReadStream('', { fd });
    stream.once('data', () => stream.destroy());
    stream.once('error', (cause) =>
      reject(new WherryError('Unknown', `failed to read from the logging binary: ${cause.message}`, { cause })),
    );
    stream.once('close', () => resolve());
  });
}
