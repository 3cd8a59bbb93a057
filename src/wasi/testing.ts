import { createBlockingClock, createCapture, createHost, createMemoryFiles, createSource, errno } from './index.ts';
import type { Capture, ErrnoName, File, Host, HostOptions, MemoryFiles } from './index.ts';
import { preview1_signatures } from './signatures.ts';

const names = new Map<number, ErrnoName>(Object.entries(errno).map(([name, number]) => [number, name as ErrnoName]));
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Where the helpers below put what they pass; tests use memory from `scratch` on. */
const path_at = 0;
const second_path_at = 8192;
const iovec_at = 16_384;
const result_at = 16_400;
const buffer_at = 32_768;
export const scratch = 65_536;
const pages = 4;

/** Rights that programs ask for when they open something, by what they mean to do with it. */
export const reading: bigint = 0x2n | 0x4n | 0x20n | 0x4000n | 0x20_0000n;
export const writing: bigint = 0x40n | 0x4n | 0x20n | 0x8n | 0x40_0000n | 0x20_0000n;

/** Whatever can be done with a directory and what is opened through it. */
export const everything: bigint = 0x3fff_ffffn;
export const walking: bigint = everything & ~0x40n;

export const creat = 1;
export const directory = 2;
export const excl = 4;
export const trunc = 8;

type Functions = Readonly<Record<string, (...parameters: unknown[]) => unknown>>;

/** Plays the guest: calls the host as wasm code would, with numbers and a memory. */
export class Guest {
  readonly host: Host;
  readonly files: MemoryFiles;
  readonly stdout: Capture;
  readonly memory: WebAssembly.Memory;
  readonly #functions: Functions;

  constructor(options: Partial<HostOptions> & { files?: MemoryFiles; module?: string } = {}) {
    this.files = options.files ?? createMemoryFiles();
    this.stdout = createCapture();
    this.host = createHost({
      args: ['guest'],
      env: [],
      preopens: [{ name: '/', directory: this.files.root }],
      stdin: createSource({ content: new Uint8Array(0) }),
      stdout: this.stdout,
      stderr: createCapture(),
      clock: createBlockingClock(),
      random: (into) => into.fill(7),
      ...options,
    });
    const module = options.module ?? 'wasi_snapshot_preview1';
    const needed = [...preview1_signatures.keys()]
      .filter((name) => module === 'wasi_snapshot_preview1' || name !== 'sock_accept')
      .map((name) => ({ module, name, kind: 'function' }));
    this.#functions = this.host.imports(needed)[module] as Functions;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: 2 * pages });
    this.host.setMemory(this.memory);
  }

  get view(): DataView {
    return new DataView(this.memory.buffer);
  }

  bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer).subarray(at, at + length);
  }

  /** The name of the errno that a call gives. */
  call(name: string, ...parameters: (number | bigint)[]): ErrnoName {
    const number = this.#functions[name]!(...parameters) as number;
    return names.get(number)!;
  }

  /** Calls with a path (its pointer and length) where `parameters` hold a string; there may be two. */
  path(name: string, ...parameters: (number | bigint | string)[]): ErrnoName {
    let at = path_at;
    const flat: (number | bigint)[] = [];
    for (const parameter of parameters) {
      if (typeof parameter !== 'string') flat.push(parameter);
      else {
        const bytes = encoder.encode(parameter);
        this.bytes(at, bytes.length).set(bytes);
        flat.push(at, bytes.length);
        at = second_path_at;
      }
    }
    return this.call(name, ...flat);
  }

  /** `path_open`; gives the new descriptor or the errno. */
  tryOpen(
    path: string,
    {
      fd = 3,
      follow = true,
      oflags = 0,
      rights = reading,
      inheriting = 0n,
      flags = 0,
    }: {
      fd?: number;
      follow?: boolean;
      oflags?: number;
      rights?: bigint;
      inheriting?: bigint;
      flags?: number;
    } = {},
  ): number | ErrnoName {
    const got = this.path('path_open', fd, follow ? 1 : 0, path, oflags, rights, inheriting, flags, result_at);
    return got === 'SUCCESS' ? this.view.getUint32(result_at, true) : got;
  }

  open(path: string, options: Parameters<Guest['tryOpen']>[1] = {}): number {
    const got = this.tryOpen(path, options);
    if (typeof got === 'string') throw new Error(`path_open of ${path}: ${got}`);
    return got;
  }

  /** Makes a file and closes it. */
  write(path: string, text: string): void {
    const fd = this.open(path, { oflags: creat | trunc, rights: writing });
    this.writeTo(fd, text);
    this.call('fd_close', fd);
  }

  writeTo(fd: number, text: string): ErrnoName {
    this.#iovec(encoder.encode(text));
    return this.call('fd_write', fd, iovec_at, 1, result_at);
  }

  pwriteTo(fd: number, text: string, offset: bigint): ErrnoName {
    this.#iovec(encoder.encode(text));
    return this.call('fd_pwrite', fd, iovec_at, 1, offset, result_at);
  }

  /** What a descriptor gives, up to `length` bytes, or the errno. */
  readFrom(fd: number, length = 4096): string {
    this.#iovec(new Uint8Array(length));
    const got = this.call('fd_read', fd, iovec_at, 1, result_at);
    return got === 'SUCCESS' ? this.text(buffer_at, this.view.getUint32(result_at, true)) : got;
  }

  /** What a path holds, or the errno that opening it gives. */
  read(path: string, options: Parameters<Guest['tryOpen']>[1] = {}): string {
    const fd = this.tryOpen(path, options);
    if (typeof fd === 'string') return fd;
    const text = this.readFrom(fd);
    this.call('fd_close', fd);
    return text;
  }

  text(at: number, length: number): string {
    return decoder.decode(this.bytes(at, length));
  }

  /** Offset of a descriptor, or the errno. */
  tell(fd: number): bigint | ErrnoName {
    const got = this.call('fd_tell', fd, result_at);
    return got === 'SUCCESS' ? this.view.getBigUint64(result_at, true) : got;
  }

  /** Filetype and size of a path, or the errno. */
  stat(path: string, follow = true, fd = 3): { type: number; size: bigint; ino: bigint; nlink: bigint } | ErrnoName {
    const got = this.path('path_filestat_get', fd, follow ? 1 : 0, path, scratch);
    if (got !== 'SUCCESS') return got;
    const { view } = this;
    return {
      ino: view.getBigUint64(scratch + 8, true),
      type: view.getUint8(scratch + 16),
      nlink: view.getBigUint64(scratch + 24, true),
      size: view.getBigUint64(scratch + 32, true),
    };
  }

  /** The names in a directory, read with a buffer of `length` bytes, as a libc does. */
  names(fd: number, length = 4096): string[] {
    const found: string[] = [];
    let cookie = 0n;
    for (;;) {
      const got = this.call('fd_readdir', fd, scratch, length, cookie, result_at);
      if (got !== 'SUCCESS') throw new Error(`fd_readdir: ${got}`);
      const filled = this.view.getUint32(result_at, true);
      let at = 0;
      let whole = 0;
      while (filled - at >= 24) {
        const name_length = this.view.getUint32(scratch + at + 16, true);
        if (filled - at < 24 + name_length) break;
        cookie = this.view.getBigUint64(scratch + at, true);
        found.push(this.text(scratch + at + 24, name_length));
        at += 24 + name_length;
        whole++;
      }
      if (filled < length) return found;
      if (whole === 0) throw new Error('fd_readdir: the buffer is too short for one entry');
    }
  }

  #iovec(bytes: Uint8Array): void {
    this.bytes(buffer_at, bytes.length).set(bytes);
    this.view.setUint32(iovec_at, buffer_at, true);
    this.view.setUint32(iovec_at + 4, bytes.length, true);
  }
}

/** A file of which only what a test gives is there. */
export function standIn(parts: Partial<File>): File {
  return parts as File;
}
