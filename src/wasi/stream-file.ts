import { fail } from './errno.ts';
import { type Buffers, type File, type Filetype, filetype, type Stat, type Times } from './files.ts';

/** What a stream with nothing behind it but JavaScript has in common: no place in it, no size, times of no interest. */
export abstract class StreamFile implements File {
  readonly type: Filetype;
  readonly terminal: boolean;
  readonly seekable: boolean = false;

  constructor(terminal: boolean, type: Filetype = terminal ? filetype.character_device : filetype.unknown) {
    this.type = type;
    this.terminal = terminal;
  }

  abstract read(into: Buffers): number | Promise<number>;
  abstract write(from: Buffers): number | Promise<number>;

  pread(_into: Buffers, _offset: bigint): number {
    throw fail('SPIPE');
  }

  pwrite(_from: Buffers, _offset: bigint): number {
    throw fail('SPIPE');
  }

  seek(_offset: bigint, _whence: 0 | 1 | 2): bigint {
    throw fail('SPIPE');
  }

  stat(): Stat {
    return { dev: 0n, ino: 0n, type: this.type, nlink: 1n, size: 0n, atim: 0n, mtim: 0n, ctim: 0n };
  }

  setSize(_size: bigint): void {
    throw fail('INVAL');
  }

  allocate(_offset: bigint, _length: bigint): void {
    throw fail('SPIPE');
  }

  setTimes(_times: Times): void {
    // Nothing keeps them.
  }

  setFlags(_flags: { append: boolean; nonblock: boolean; dsync: boolean; sync: boolean }): void {
    // Nothing here depends on them.
  }

  sync(): void {
    throw fail('INVAL');
  }

  dataSync(): void {
    throw fail('INVAL');
  }

  close(): void {
    // Nothing is held.
  }
}
