import { constants, createWriteStream, openSync, type WriteStream } from 'node:fs';
import { Socket } from 'node:net';
import { ReadStream } from 'node:tty';

import { WherryError } from '../errors/index.ts';
import { log_close_patience_ms } from '../limits/index.ts';
import { close, openTerminal, pipe, resizeTerminal } from '../os/index.ts';
import { AttachedClient, type AttachOptions, type StreamName } from './attached-client.ts';
import { JsonLog } from './json-log.ts';
import { LineSplitter } from './line-splitter.ts';
import type { StdioAddress } from './stdio-address.ts';

export interface StreamsOptions {
  readonly stdin: StdioAddress;
  readonly stdout: StdioAddress;
  readonly stderr: StdioAddress;
  readonly terminal: boolean;
}

/**
 * stdin, stdout and stderr of one task: pipes or a terminal on the guest's side; on the other a log, attached clients
 * and files. Nothing is dropped: when the log or a client does not keep up, the guest's pipe is not read.
 */
export interface Streams {
  /** The guest's ends, in order stdin, stdout, stderr. Closed by `release` once the guest has them. */
  readonly guest: readonly [number, number, number];
  release(): void;
  attach(fd: number, head: Buffer, options: Omit<AttachOptions, 'terminal'>): void;
  resize(width: number, height: number): void;
  /** Nothing more comes on stdin. */
  closeStdin(): void;
  /** Settles when the guest's streams have ended and all of it is written; then clients are let go. */
  finish(): Promise<void>;
}

/** `onKey` is told of the terminal's interrupt and quit keys, since no process of the guest's would be. */
export function createStreams(options: StreamsOptions, onKey: (key: 'interrupt' | 'quit') => void): Streams {
  const clients = new Set<AttachedClient>();
  const logs = new Map<string, JsonLog>();
  const sources: Socket[] = [];
  const ended: Promise<void>[] = [];
  let held = false;

  const log_out = openLog(options.stdout);
  const log_err = openLog(options.stderr);
  const file_out = openFile(options.stdout);
  const file_err = options.terminal ? null : openFile(options.stderr);
  const files = [file_out, file_err].filter((file) => file !== null);

  const input = options.stdin;
  let to_guest: Socket | null = null;
  let resize: Streams['resize'] = () => {};
  let guest: [number, number, number];

  if (options.terminal) {
    const { master, slave } = openTerminal();
    const stream = new ReadStream(master);
    (stream as unknown as { writable: boolean }).writable = true;
    to_guest = stream;
    read('stdout', stream);
    resize = (width, height) => resizeTerminal(master, width, height);
    guest = [slave, slave, slave];
  } else {
    const out = pipe();
    const err = pipe();
    read('stdout', new Socket({ fd: out.reader, readable: true, writable: false } as object));
    read('stderr', new Socket({ fd: err.reader, readable: true, writable: false } as object));
    guest = [openInput(), out.writer, err.writer];
  }

  function openInput(): number {
    if (input.kind === 'path') return openSync(input.path, constants.O_RDONLY);
    if (input.kind !== 'attach') return openSync('/dev/null', constants.O_RDONLY);
    const { reader, writer } = pipe();
    to_guest = new Socket({ fd: writer, readable: false, writable: true } as object);
    to_guest.on('error', () => {
      // The guest closed its stdin: what is typed goes nowhere.
      to_guest = null;
    });
    return reader;
  }

  function openLog(address: StdioAddress): JsonLog | null {
    if (address.kind !== 'json-file') return null;
    let log = logs.get(address.path);
    if (log === undefined) {
      try {
        log = new JsonLog(address.path, address.bytes_max, address.files_max);
      } catch (cause) {
        throw new WherryError('Internal', `failed to initialize logging driver: ${(cause as Error).message}`, { cause });
      }
      logs.set(address.path, log);
    }
    return log;
  }

  function openFile(address: StdioAddress): WriteStream | null {
    if (address.kind !== 'path') return null;
    // Read and write, so that opening a fifo does not wait for its reader and outlives it.
    const fd = openSync(address.path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o640);
    const file = createWriteStream('', { fd });
    file.on('drain', release);
    file.on('error', () => {});
    return file;
  }

  function read(name: StreamName, source: Socket): void {
    const splitter = new LineSplitter();
    const log = name === 'stdout' ? log_out : log_err;
    const file = name === 'stdout' ? file_out : file_err;
    sources.push(source);
    source.on('data', (chunk: Buffer) => {
      let keeps_up = true;
      for (const client of clients) keeps_up = client.write(name, chunk) && keeps_up;
      if (log !== null) splitter.push(chunk, (line) => (keeps_up = log.append(name, line) && keeps_up));
      if (file !== null) keeps_up = file.write(chunk) && keeps_up;
      if (!keeps_up) hold();
    });
    source.on('error', () => {});
    ended.push(
      new Promise((resolve) =>
        source.once('close', () => {
          if (log !== null) splitter.flush((line) => log.append(name, line));
          resolve();
        }),
      ),
    );
    source.on('end', () => source.destroy());
  }

  function hold(): void {
    if (held) return;
    held = true;
    for (const source of sources) source.pause();
    for (const log of logs.values()) void log.drained().then(release);
  }

  function release(): void {
    if (!held || [...clients].some((client) => client.behind) || files.some((file) => file.writableNeedDrain)) return;
    held = false;
    for (const source of sources) source.resume();
  }

  function type(chunk: Buffer | null, resume: () => void): boolean {
    if (to_guest === null) return true;
    if (chunk === null) {
      if (input.kind === 'attach' && input.once && !options.terminal) to_guest.end();
      return true;
    }
    if (options.terminal) {
      if (chunk.includes(3)) onKey('interrupt');
      if (chunk.includes(28)) onKey('quit');
    }
    if (to_guest.write(chunk)) return true;
    to_guest.once('drain', resume);
    return false;
  }

  return {
    guest,
    release() {
      for (const fd of new Set(guest)) close(fd);
    },
    attach(fd, head, wanted) {
      const client: AttachedClient = new AttachedClient(
        fd,
        head,
        { ...wanted, stdin: wanted.stdin && input.kind === 'attach', terminal: options.terminal },
        {
          onInput: type,
          onDrain: release,
          onGone: () => {
            clients.delete(client);
            release();
          },
        },
      );
      clients.add(client);
    },
    resize: (width, height) => resize(width, height),
    closeStdin() {
      if (!options.terminal) to_guest?.end();
    },
    async finish() {
      await Promise.all(ended);
      to_guest?.destroy();
      for (const client of clients) client.end();
      clients.clear();
      await Promise.all([...logs.values()].map((log) => log.close(log_close_patience_ms)));
      await Promise.all(files.map((file) => new Promise<void>((resolve) => file.end(resolve))));
    },
  };
}
