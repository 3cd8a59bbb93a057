import { constants, createReadStream, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { WherryError } from '../errors/index.ts';
import { log_close_patience_ms } from '../limits/index.ts';
import { close, openTerminal, pipe, resizeTerminal } from '../os/index.ts';
import { AttachedClient, type AttachOptions, type StreamName } from './attached-client.ts';
import { type BinaryLogger, type LoggedContainer, startBinaryLogger } from './binary-logger.ts';
import { GuestInput } from './guest-input.ts';
import { JsonLog } from './json-log.ts';
import { LineSplitter } from './line-splitter.ts';
import { openPipes, type RelayPipes } from './relay-pipes.ts';
import type { StdioAddress } from './stdio-address.ts';
import { openInput, openOutput } from './stream-files.ts';
import { terminalStream } from './terminal-stream.ts';

export interface StreamsOptions {
  readonly stdin: StdioAddress;
  readonly stdout: StdioAddress;
  readonly stderr: StdioAddress;
  readonly terminal: boolean;
  /** Named pipes whose other ends another shim opens, in place of the guest's own; it has the terminal, if there is one. */
  readonly pipes?: RelayPipes;
  /** Whose they are, for a program that takes the output. */
  readonly container?: LoggedContainer;
}

/**
 * stdin, stdout and stderr of one task: pipes or a terminal on the guest's side; on the other a log, attached clients
 * and files. Nothing is dropped: when the log or a client does not keep up, the guest's pipe is not read.
 */
export interface Streams {
  /** The guest's ends, in order stdin, stdout, stderr. Closed by `release` once the guest has them. */
  readonly guest: readonly [number, number, number];
  release(): void;
  /** Settles when a program that takes the output is ready to. */
  readonly ready: Promise<void>;
  /** Takes the client's descriptor. One that comes when all is over is let go at once. */
  attach(fd: number, head: Buffer, options: Omit<AttachOptions, 'terminal'>): void;
  resize(width: number, height: number): void;
  /** Nothing more comes on stdin. */
  closeStdin(): void;
  /** Settles when nothing more can come of stdout and stderr. */
  readonly ended: Promise<void>;
  /**
   * Settles when the guest's streams have ended and all of it is written. To be called when the guest is gone or never
   * was: what is left of its output is taken in, whoever keeps up. A stream that somebody else holds open is given up on
   * when nothing came of it for `silence_ms`.
   */
  finish(silence_ms?: number): Promise<void>;
  /**
   * Lets clients go, and those that come from now on. `ran`: their connections end when they have all output; else only
   * this hold on them does, and whoever handed them over may still say why nothing came.
   */
  letGo(ran: boolean): void;
}

export interface StreamsEvents {
  /** The terminal's interrupt and quit keys, since no process of the guest's would be told of them. */
  onKey?(key: 'interrupt' | 'quit'): void;
  /** Nothing more comes on stdin. */
  onInputEnd?(): void;
}

/** @throws WherryError Internal when the log, or what a stream's path names, cannot be opened */
export function createStreams(options: StreamsOptions, events: StreamsEvents): Streams {
  const undo: (() => void)[] = [];
  try {
    return open(options, events, undo);
  } catch (error) {
    for (const each of undo) each();
    throw error;
  }
}

function open(options: StreamsOptions, events: StreamsEvents, undo: (() => void)[]): Streams {
  const clients = new Set<AttachedClient>();
  const logs = new Map<string, JsonLog>();
  const sources: Socket[] = [];
  const ended: Promise<void>[] = [];
  let held = false;
  let phase: 'open' | 'finishing' | 'over' = 'open';

  const log_out = openLog(options.stdout);
  const log_err = openLog(options.stderr);
  const loggers = new Map<string, BinaryLogger>();
  const file_out = openFile(options.stdout, 'stdout');
  const file_err = options.terminal ? null : openFile(options.stderr, 'stderr');
  const files = [file_out, file_err].filter((file) => file !== null);

  let input: GuestInput | null = null;
  let endInputFile = (): void => {};
  let resize: Streams['resize'] = () => {};
  let guest: readonly [number, number, number];
  let last_output_ms = 0;

  if (options.pipes !== undefined) {
    const ends = openPipes(options.pipes);
    if (ends.stdin !== null) input = new GuestInput(ends.stdin);
    read('stdout', ends.stdout);
    if (ends.stderr !== null) read('stderr', ends.stderr);
    guest = ends.kept;
    undo.push(release);
  } else if (options.terminal) {
    const { master, slave } = openTerminal();
    const { stream, fd } = terminalStream(master);
    input = new GuestInput(stream);
    read('stdout', stream);
    feedTerminal();
    resize = (width, height) => {
      if (!stream.destroyed) resizeTerminal(fd, width, height);
    };
    guest = [slave, slave, slave];
  } else {
    const stdin = openStdin();
    undo.push(() => close(stdin));
    const out = pipe();
    const err = pipe();
    read('stdout', new Socket({ fd: out.reader, readable: true, writable: false } as object));
    read('stderr', new Socket({ fd: err.reader, readable: true, writable: false } as object));
    guest = [stdin, out.writer, err.writer];
  }

  function openStdin(): number {
    const { stdin } = options;
    if (stdin.kind === 'path') {
      const file = opened(stdin.path, openInput);
      endInputFile = () => file.end();
      return file.fd;
    }
    if (stdin.kind !== 'attach') return openSync('/dev/null', constants.O_RDONLY);
    const { reader, writer } = pipe();
    input = new GuestInput(new Socket({ fd: writer, readable: false, writable: true } as object));
    return reader;
  }

  /** What comes by a named pipe is typed like what a client sends. */
  function feedTerminal(): void {
    const { stdin } = options;
    if (stdin.kind !== 'path') return;
    const file = opened(stdin.path, openInput);
    const source = fstatSync(file.fd).isFIFO()
      ? new Socket({ fd: file.fd, readable: true, writable: false } as object)
      : createReadStream('', { fd: file.fd });
    endInputFile = () => {
      file.end();
      source.destroy();
    };
    undo.push(endInputFile);
    source.on('error', () => {});
    source.on('data', (chunk: Buffer | string) => {
      if (!type(Buffer.from(chunk), () => source.resume())) source.pause();
    });
  }

  function openLog(address: StdioAddress): JsonLog | null {
    if (address.kind !== 'json-file') return null;
    let log = logs.get(address.path);
    if (log === undefined) {
      try {
        log = new JsonLog(address.path, address.bytes_max, address.files_max);
      } catch (cause) {
        throw new WherryError('Internal', `failed to initialize logging driver: ${(cause as Error).message}`, {
          cause,
        });
      }
      const made = log;
      undo.push(() => void made.close(0));
      logs.set(address.path, log);
    }
    return log;
  }

  function openFile(address: StdioAddress, name: StreamName): Writable | null {
    if (address.kind !== 'path' && address.kind !== 'binary') return null;
    const file =
      address.kind === 'binary'
        ? logger(address)[name]
        : opened(address.path, (path) => openOutput(path, address.make_folder));
    undo.push(() => file.destroy());
    file.on('drain', goOn);
    file.on('close', goOn);
    return file;
  }

  /** One program for both streams, when they name the same. */
  function logger({ path, args }: { path: string; args: readonly string[] }): BinaryLogger {
    const key = JSON.stringify([path, args]);
    let found = loggers.get(key);
    if (found === undefined) {
      const made = startBinaryLogger(path, args, options.container ?? { id: '', namespace: '' });
      made.ready.catch(() => {});
      undo.push(() => {
        made.stdout.destroy();
        made.stderr.destroy();
      });
      loggers.set(key, made);
      found = made;
    }
    return found;
  }

  function read(name: StreamName, source: Socket): void {
    const splitter = new LineSplitter();
    const log = name === 'stdout' ? log_out : log_err;
    const file = name === 'stdout' ? file_out : file_err;
    sources.push(source);
    undo.push(() => source.destroy());
    source.on('data', (chunk: Buffer) => {
      last_output_ms = Date.now();
      let keeps_up = true;
      for (const client of clients) keeps_up = client.write(name, chunk) && keeps_up;
      if (log !== null) splitter.push(chunk, (line) => (keeps_up = log.append(name, line) && keeps_up));
      if (file?.writable === true) keeps_up = file.write(chunk) && keeps_up;
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
    if (held || phase !== 'open') return;
    held = true;
    for (const source of sources) source.pause();
    for (const log of logs.values()) void log.drained().then(goOn);
  }

  function goOn(): void {
    if (!held || (phase === 'open' && somebodyIsBehind())) return;
    held = false;
    for (const source of sources) source.resume();
  }

  function somebodyIsBehind(): boolean {
    return (
      [...clients].some((client) => client.behind) || files.some((file) => file.writable && file.writableNeedDrain)
    );
  }

  function type(chunk: Buffer | null, resume: () => void): boolean {
    if (input === null) return true;
    if (chunk === null) {
      if (options.stdin.kind === 'attach' && options.stdin.once && !options.terminal) endInput();
      return true;
    }
    return options.terminal ? typeKeys(input, chunk, resume) : input.write(chunk, resume);
  }

  /**
   * A key is told of when the terminal has it, and has dropped what was typed before and nobody has read; and before it
   * has what was typed behind. Pressed again within a chunk it is the same press.
   */
  function typeKeys(to: GuestInput, chunk: Buffer, resume: () => void): boolean {
    let goes_on = true;
    const told = new Set<number>();
    for (let at = 0; at < chunk.length;) {
      const key = chunk.findIndex((byte, i) => i >= at && (byte === 3 || byte === 28) && !told.has(byte));
      const end = key < 0 ? chunk.length : key + 1;
      goes_on = to.write(chunk.subarray(at, end), resume) && goes_on;
      at = end;
      if (key < 0) break;
      told.add(chunk[key]!);
      events.onKey?.(chunk[key] === 3 ? 'interrupt' : 'quit');
    }
    return goes_on;
  }

  function endInput(): void {
    input?.end();
    events.onInputEnd?.();
  }

  function release(): void {
    for (const fd of new Set(guest)) if (fd >= 0) close(fd);
    guest = [-1, -1, -1];
  }

  /** Lets go of what somebody keeps open without writing. */
  async function giveUpAfter(silence_ms: number): Promise<void> {
    last_output_ms = Date.now();
    while (sources.some(({ destroyed }) => !destroyed)) {
      const left_ms = last_output_ms + silence_ms - Date.now();
      if (left_ms <= 0) for (const source of sources) source.destroy();
      else await Promise.race([Promise.all(ended), sleep(left_ms, null, { ref: false })]);
    }
  }

  return {
    get guest() {
      return guest;
    },
    release,
    ended: Promise.all(ended).then(() => {}),
    ready: Promise.all([...loggers.values()].map(({ ready }) => ready)).then(() => {}),
    attach(fd, head, wanted) {
      for (const each of clients) each.letGoIfHungUp();
      const client: AttachedClient = new AttachedClient(
        fd,
        head,
        { ...wanted, stdin: wanted.stdin && options.stdin.kind === 'attach', terminal: options.terminal },
        {
          onInput: type,
          onDrain: goOn,
          onGone: () => {
            clients.delete(client);
            goOn();
          },
        },
      );
      if (phase === 'over') client.end();
      else clients.add(client);
    },
    resize: (width, height) => resize(width, height),
    closeStdin() {
      if (options.terminal) return;
      endInput();
      endInputFile();
    },
    async finish(silence_ms) {
      phase = 'finishing';
      release();
      endInputFile();
      goOn();
      if (silence_ms !== undefined) await giveUpAfter(silence_ms);
      await Promise.all(ended);
      input?.destroy();
      await Promise.all([...logs.values()].map((log) => log.close(log_close_patience_ms)));
      await Promise.all(files.map(endFile));
      for (const { stdout, stderr } of loggers.values()) for (const each of [stdout, stderr]) each.destroy();
    },
    letGo(ran) {
      phase = 'over';
      for (const client of clients) {
        if (ran) client.end();
        else client.drop();
      }
      clients.clear();
    },
  };
}

function opened<T>(path: string, openIt: (path: string) => T): T {
  try {
    return openIt(path);
  } catch (cause) {
    throw new WherryError('Internal', `Cannot open "${path}" for a task's stream: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** Writes the rest; one that nobody reads is given up on after a while. */
function endFile(file: Writable): Promise<void> {
  return new Promise((resolve) => {
    if (file.destroyed) return resolve();
    const timer = setTimeout(() => file.destroy(), log_close_patience_ms);
    file.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    file.end();
  });
}
