import { watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { log_poll_ms } from '../../../limits/index.ts';
import { LogFile } from './log-file.ts';
import { type LogRecord, parseLogRecord, timeOf } from './log-record.ts';

export interface ReadLogOptions {
  /** How many records from the end; null for all. */
  readonly tail: number | null;
  /** Nanoseconds since 1970; 0 for no bound. */
  readonly since_ns: bigint;
  readonly until_ns: bigint;
  /** null: to what is there now. */
  readonly follow: FollowOptions | null;
}

export interface FollowOptions {
  /** Whether nothing more will be written. */
  isOver(): boolean;
  /** Settles when that may have come true. */
  readonly over: Promise<unknown>;
  readonly signal: AbortSignal;
}

/** Records of the json-file log at `path` and of the files it was turned over to, oldest first. */
export async function* readLog(path: string, options: ReadLogOptions): AsyncGenerator<LogRecord> {
  const { since_ns, until_ns, follow, tail } = options;
  if (tail === 0 && follow === null) return;
  let files = await openFiles(path, tail);
  if (files.length === 0 && follow !== null && (await appears(path, follow))) files = await openFiles(path, tail);
  const changes = follow === null ? null : watchChanges(path, options, follow);
  try {
    for (let file = files.shift(); file !== undefined; file = files.shift()) {
      const isLast = files.length === 0;
      try {
        for (;;) {
          const over = changes === null || follow?.isOver() === true;
          for await (const line of file.lines()) {
            if (follow?.signal.aborted === true) return;
            const record = parseLogRecord(line);
            if (record === null) continue;
            const time = timeOf(record);
            if (time < since_ns) continue;
            if (until_ns > 0n && time > until_ns) return;
            yield record;
          }
          if (!isLast) break;
          const newer = await newerFiles(path, file.ino);
          if (newer.length > 0) {
            // What was written between the last read and the turn-over comes first.
            for await (const line of file.lines()) {
              const record = parseLogRecord(line);
              if (record !== null && timeOf(record) >= since_ns) yield record;
            }
            files.push(...newer);
            break;
          }
          if (over || changes === null || !(await changes.next())) return;
        }
      } finally {
        await file.close();
      }
    }
  } finally {
    changes?.close();
    for (const file of files) await file.close();
  }
}

/** Waits for a log that its shim has yet to make; false when the container is over before that. */
async function appears(path: string, { isOver, signal }: FollowOptions): Promise<boolean> {
  while (!signal.aborted) {
    const over = isOver();
    if ((await stat(path).catch(() => null)) !== null) return true;
    if (over) return false;
    await sleep(log_poll_ms);
  }
  return false;
}

/** The files to read, oldest first, each at the place to begin. */
async function openFiles(path: string, tail: number | null): Promise<LogFile[]> {
  const files: LogFile[] = [];
  let missing = tail;
  for (let i = 0; missing === null || missing > 0 || i === 0; i++) {
    const file = await LogFile.open(i === 0 ? path : `${path}.${i}`);
    if (file === null) break;
    files.unshift(file);
    if (missing !== null) missing = await file.seekLast(missing);
  }
  return files;
}

/** The files that came after the one with the inode `ino`, oldest first. */
async function newerFiles(path: string, ino: number): Promise<LogFile[]> {
  const current = await stat(path).catch(() => null);
  if (current === null || current.ino === ino) return [];
  const newer: LogFile[] = [];
  for (let i = 0; ; i++) {
    const file = await LogFile.open(i === 0 ? path : `${path}.${i}`);
    if (file === null) break;
    if (file.ino === ino) {
      await file.close();
      break;
    }
    newer.unshift(file);
  }
  return newer;
}

interface Changes {
  /** Waits for something new; false when the reader is to end. */
  next(): Promise<boolean>;
  close(): void;
}

/** Wakes the reader when the log's folder changes, from time to time in any case, and when all is over. */
function watchChanges(path: string, { until_ns }: ReadLogOptions, follow: FollowOptions): Changes {
  let wake: () => void = () => {};
  let changed = false;
  const note = (): void => {
    changed = true;
    wake();
  };
  const name = basename(path);
  let watcher: ReturnType<typeof watch> | null = null;
  try {
    watcher = watch(dirname(path), (_event, file) => {
      if (file === null || file.startsWith(name)) note();
    });
    watcher.on('error', () => watcher?.close());
  } catch {
    // No watches left: looking now and then has to do.
  }
  const timer = setInterval(note, log_poll_ms);
  follow.signal.addEventListener('abort', note, { once: true });
  void follow.over.then(note);
  const isPast = (): boolean => until_ns > 0n && BigInt(Date.now()) * 1_000_000n > until_ns;
  return {
    async next() {
      while (!changed && !follow.signal.aborted) await new Promise<void>((resolve) => (wake = resolve));
      changed = false;
      return !follow.signal.aborted && !isPast();
    },
    close() {
      clearInterval(timer);
      watcher?.close();
      follow.signal.removeEventListener('abort', note);
    },
  };
}
