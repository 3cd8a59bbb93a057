import { broker_request_bytes_max } from '../../limits/index.ts';
import { close } from '../../os/index.ts';
import type { DirectoryEntry, OpenOptions, Stat, Times } from '../../wasi/index.ts';
import { Reader, Writer } from '../codec.ts';
import { errnoOfNumber } from '../errno.ts';
import {
  type Opened,
  operation,
  type Reached,
  readEntry,
  readOpened,
  readReached,
  readStat,
  readTouched,
  writeOpenOptions,
  writeTimes,
} from '../protocol.ts';

/** The way to the broker: one request at a time, each answered before the next. */
export interface Channel {
  /** Sends a request and blocks for its reply, which may be overwritten by the next call. */
  call(request: Uint8Array): { readonly reply: Uint8Array; readonly descriptor: number | null };
  /** Notices that came since: what the broker told all other processes of the container. Never blocks. */
  takeNotices?(): readonly Uint8Array[];
}

/** The broker's operations as functions. Each is one round trip; a failure is thrown as the `Errno` it came as. */
export class Client {
  readonly #channel: Channel;
  readonly #touched: (path: string) => void;
  #request: Writer | null = null;

  /** `touched` hears of each directory that now differs from the image; see `Touched`. */
  constructor(channel: Channel, touched: (path: string) => void) {
    this.#channel = channel;
    this.#touched = touched;
  }

  /** Takes the notices that are there; gives whether there were any. */
  takeNotices(): boolean {
    const notices = this.#channel.takeNotices?.() ?? [];
    for (const notice of notices) for (const path of readTouched(new Reader(notice))) this.#touched(path);
    return notices.length > 0;
  }

  /** How far `names` lead below `path`, which is a directory. */
  walk(mount: number, path: string, names: readonly string[]): Reached {
    const below = names.join('/');
    const before = path === '' ? 0 : path.split('/').length;
    this.#begin(operation.walk, mount, path === '' ? below : `${path}/${below}`).u16(before);
    return readReached(this.#call().reader);
  }

  stat(mount: number, path: string): Stat {
    this.#begin(operation.stat, mount, path);
    return readStat(this.#call().reader);
  }

  list(mount: number, path: string, cookie: bigint): DirectoryEntry[] {
    this.#begin(operation.list, mount, path).u64(cookie);
    const { reader } = this.#call();
    const entries: DirectoryEntry[] = [];
    while (!reader.ended) entries.push(readEntry(reader));
    return entries;
  }

  open(mount: number, path: string, options: OpenOptions): Opened {
    writeOpenOptions(this.#begin(operation.open, mount, path), options);
    const { reader, descriptor } = this.#call();
    return readOpened(reader, descriptor);
  }

  makeDirectory(mount: number, path: string): void {
    this.#begin(operation.make_directory, mount, path);
    this.#call();
  }

  removeDirectory(mount: number, path: string): void {
    this.#begin(operation.remove_directory, mount, path);
    this.#call();
  }

  unlink(mount: number, path: string): void {
    this.#begin(operation.unlink, mount, path);
    this.#call();
  }

  symlink(mount: number, path: string, target: string): void {
    this.#begin(operation.symlink, mount, path).text(target);
    this.#call();
  }

  readlink(mount: number, path: string): string {
    this.#begin(operation.readlink, mount, path);
    return this.#call().reader.text();
  }

  /** Gives whether it was a directory that was renamed. */
  rename(mount: number, path: string, to_path: string): boolean {
    this.#begin(operation.rename, mount, path).u16(mount).text(to_path);
    return this.#call().reader.u8() === 1;
  }

  link(mount: number, path: string, to_path: string): void {
    this.#begin(operation.link, mount, path).u16(mount).text(to_path);
    this.#call();
  }

  setTimes(mount: number, path: string, times: Times): void {
    writeTimes(this.#begin(operation.set_times, mount, path), times);
    this.#call();
  }

  sync(mount: number, path: string): void {
    this.#begin(operation.sync, mount, path);
    this.#call();
  }

  #begin(name: number, mount: number, path: string): Writer {
    // Made at the first use: most guests ask for nothing, and its pages would be theirs alone.
    this.#request ??= new Writer(broker_request_bytes_max);
    return this.#request.reset().u8(name).u16(mount).text(path);
  }

  #call(): { reader: Reader; descriptor: number | null } {
    const { reply, descriptor } = this.#channel.call(this.#request!.bytes);
    const reader = new Reader(reply);
    const failed = reader.u16();
    for (const path of readTouched(reader)) this.#touched(path);
    if (failed === 0) return { reader, descriptor };
    if (descriptor !== null) close(descriptor);
    throw errnoOfNumber(failed);
  }
}
