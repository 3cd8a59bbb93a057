/** A guest's side of a comparison: operations through the WASI host, with results in the words of `kernel.c`. */
import {
  createBlockingClock,
  createCapture,
  createHost,
  createSource,
  type Directory,
  errno,
  filetype,
  type Host,
} from '../../src/wasi/index.ts';
import { type Operation, slots } from './operations.ts';

const module = 'wasi_snapshot_preview1';
const functions = [
  'fd_allocate',
  'fd_close',
  'fd_fdstat_get',
  'fd_fdstat_set_flags',
  'fd_filestat_get',
  'fd_filestat_set_size',
  'fd_filestat_set_times',
  'fd_pread',
  'fd_pwrite',
  'fd_read',
  'fd_readdir',
  'fd_renumber',
  'fd_seek',
  'fd_write',
  'path_create_directory',
  'path_filestat_get',
  'path_filestat_set_times',
  'path_link',
  'path_open',
  'path_readlink',
  'path_remove_directory',
  'path_rename',
  'path_symlink',
  'path_unlink_file',
] as const;

type Call = (typeof functions)[number];
type Calls = Readonly<Record<Call, (...parameters: (number | bigint)[]) => number>>;

const names = new Map<number, string>(Object.entries(errno).map(([name, number]) => [number, name]));
const letters = new Map<number, string>([
  [filetype.directory, 'd'],
  [filetype.regular_file, 'f'],
  [filetype.symbolic_link, 'l'],
]);

const right = {
  fd_read: 0x2n,
  fd_write: 0x40n,
  fd_allocate: 0x100n,
  fd_readdir: 0x4000n,
  set_size: 0x40_0000n,
} as const;
const all_rights = 0x3fff_ffffn;
const oflag = { c: 1, d: 2, x: 4, t: 8 } as const;
const fdflag_append = 1;
const preopen_fd = 3;

const first_path_at = 0;
const second_path_at = 8192;
const iovec_at = 16_384;
const result_at = 16_400;
const buffer_at = 32_768;
const page_bytes = 65_536;

interface Slot {
  fd: number;
  directory: boolean;
  readable: boolean;
  writable: boolean;
}

/** What is older was set, what is not is of this run: clocks differ a little. */
const began_ns = BigInt(Date.now() - 3_600_000) * 1_000_000n;

export class Guest {
  readonly #host: Host;
  readonly #calls: Calls;
  readonly #view: DataView;
  readonly #bytes: Buffer;
  readonly #slots: Slot[] = Array.from({ length: slots }, () => closed());

  constructor(root: Directory) {
    this.#host = createHost({
      args: ['guest'],
      env: [],
      preopens: [{ name: '/', directory: root }],
      stdin: createSource({ content: new Uint8Array(0) }),
      stdout: createCapture(),
      stderr: createCapture(),
      clock: createBlockingClock(),
      random: (into) => into.fill(7),
    });
    const imports = this.#host.imports(functions.map((name) => ({ module, name, kind: 'function' as const })));
    this.#calls = imports[module] as unknown as Calls;
    const memory = new WebAssembly.Memory({ initial: 2, maximum: 2 });
    this.#host.setMemory(memory);
    this.#view = new DataView(memory.buffer);
    this.#bytes = Buffer.from(memory.buffer);
    this.#slots[0] = { fd: preopen_fd, directory: true, readable: true, writable: true };
  }

  close(): void {
    this.#host.close();
  }

  /** Does one operation; gives the errno's name and what came. */
  perform(operation: Operation): string {
    const [verb, ...operands] = operation;
    const text = (i: number): string => String(operands[i]);
    const number = (i: number): number => Number(operands[i]);
    const slot = this.#slots[number(0)]!;
    switch (verb) {
      case 'open':
        return this.#open(slot, this.#slots[number(1)]!, text(2), text(3));
      case 'close': {
        const got = this.#call('fd_close', slot.fd);
        Object.assign(slot, closed());
        return got;
      }
      case 'renumber': {
        const to = this.#slots[number(1)]!;
        const got = this.#call('fd_renumber', slot.fd, to.fd);
        if (got === 'SUCCESS' && slot !== to) {
          Object.assign(to, { ...slot, fd: to.fd });
          Object.assign(slot, closed());
        }
        return got;
      }
      case 'read':
      case 'pread':
        if (!slot.readable || slot.directory) return slot.fd < 0 ? 'BADF' : '-';
        return this.#read(slot.fd, number(1), verb === 'pread' ? BigInt(number(2)) : null);
      case 'write':
      case 'pwrite':
        if (!slot.writable || slot.directory) return slot.fd < 0 ? 'BADF' : '-';
        return this.#write(slot.fd, text(1), verb === 'pwrite' ? BigInt(number(2)) : null);
      case 'size':
        if (!slot.writable || slot.directory) return slot.fd < 0 ? 'BADF' : '-';
        return this.#call('fd_filestat_set_size', slot.fd, BigInt(number(1)));
      case 'allocate':
        if (!slot.writable || slot.directory) return slot.fd < 0 ? 'BADF' : '-';
        return this.#call('fd_allocate', slot.fd, BigInt(number(1)), BigInt(number(2)));
      case 'seek': {
        if (slot.directory) return '-';
        const got = this.#call('fd_seek', slot.fd, BigInt(number(1)), number(2), result_at);
        return got === 'SUCCESS' ? `${got} ${this.#view.getBigUint64(result_at, true)}` : got;
      }
      case 'setflags':
        if (slot.directory) return '-';
        return this.#call('fd_fdstat_set_flags', slot.fd, text(1) === 'a' ? fdflag_append : 0);
      case 'fdstat':
        return this.#stat(this.#call('fd_filestat_get', slot.fd, buffer_at));
      case 'fdtimes':
        return this.#fdTimes(slot.fd, text(1), text(2));
      case 'list':
      case 'sweep':
        return this.#list(slot.fd, number(1), verb === 'sweep');
      case 'mkdir':
        return this.#path('path_create_directory', slot.fd, text(1));
      case 'rmdir':
        return this.#path('path_remove_directory', slot.fd, text(1));
      case 'unlink':
        return this.#path('path_unlink_file', slot.fd, text(1));
      case 'readlink': {
        const got = this.#path('path_readlink', slot.fd, text(1), buffer_at, number(2), result_at);
        return got === 'SUCCESS' ? `${got} ${this.#text(buffer_at, this.#view.getUint32(result_at, true))}` : got;
      }
      case 'symlink':
        return this.#path('path_symlink', text(2), slot.fd, text(1));
      case 'stat':
        return this.#stat(this.#path('path_filestat_get', slot.fd, text(2) === 'l' ? 1 : 0, text(1), buffer_at));
      case 'times':
        return this.#pathTimes(slot.fd, text(1), text(2) === 'l' ? 1 : 0, text(3), text(4));
      case 'rename':
        return this.#path('path_rename', slot.fd, text(1), this.#slots[number(2)]!.fd, text(3));
      case 'link': {
        const to = this.#slots[number(2)]!.fd;
        return this.#path('path_link', slot.fd, text(4) === 'l' ? 1 : 0, text(1), to, text(3));
      }
      case 'dump':
        return this.#dump(slot.fd, '');
      default:
        throw new Error(`there is no operation ${verb}`);
    }
  }

  #open(through: Slot, to: Slot, path: string, how: string): string {
    if (to.fd >= 0) this.#call('fd_close', to.fd);
    Object.assign(to, closed());
    const readable = how.includes('r');
    const writable = how.includes('w');
    let rights = all_rights;
    if (!readable) rights &= ~(right.fd_read | right.fd_readdir);
    if (!writable) rights &= ~(right.fd_write | right.fd_allocate | right.set_size);
    let oflags = 0;
    for (const [letter, bit] of Object.entries(oflag)) if (how.includes(letter)) oflags |= bit;
    const lookup = how.includes('l') ? 1 : 0;
    const fdflags = how.includes('a') ? fdflag_append : 0;
    const got = this.#path('path_open', through.fd, lookup, path, oflags, rights, all_rights, fdflags, result_at);
    if (got !== 'SUCCESS') return got;
    const fd = this.#view.getUint32(result_at, true);
    this.#call('fd_fdstat_get', fd, buffer_at);
    const type = letters.get(this.#view.getUint8(buffer_at));
    Object.assign(to, { fd, directory: type === 'd', readable, writable });
    return `${got} ${type}`;
  }

  #read(fd: number, count: number, offset: bigint | null): string {
    this.#iovec(count);
    const at = offset === null ? [] : [offset];
    const got = this.#call(offset === null ? 'fd_read' : 'fd_pread', fd, iovec_at, 1, ...at, result_at);
    if (got !== 'SUCCESS') return got;
    const read = this.#view.getUint32(result_at, true);
    return `${got} ${read} ${this.#bytes.toString('hex', buffer_at, buffer_at + read)}`;
  }

  #write(fd: number, text: string, offset: bigint | null): string {
    this.#iovec(this.#bytes.write(text, buffer_at));
    const at = offset === null ? [] : [offset];
    const got = this.#call(offset === null ? 'fd_write' : 'fd_pwrite', fd, iovec_at, 1, ...at, result_at);
    return got === 'SUCCESS' ? `${got} ${this.#view.getUint32(result_at, true)}` : got;
  }

  #fdTimes(fd: number, atim: string, mtim: string): string {
    const { flags, atime, mtime } = timesOf(atim, mtim);
    const got = this.#call('fd_filestat_set_times', fd, atime, mtime, flags);
    return got === 'SUCCESS' ? this.#stat(this.#call('fd_filestat_get', fd, buffer_at)) : got;
  }

  #pathTimes(fd: number, path: string, lookup: number, atim: string, mtim: string): string {
    const { flags, atime, mtime } = timesOf(atim, mtim);
    const got = this.#path('path_filestat_set_times', fd, lookup, path, atime, mtime, flags);
    if (got !== 'SUCCESS') return got;
    return this.#stat(this.#path('path_filestat_get', fd, lookup, path, buffer_at), atim !== 'keep');
  }

  #stat(got: string, with_atime = false): string {
    if (got !== 'SUCCESS') return got;
    const type = letters.get(this.#view.getUint8(buffer_at + 16));
    const nlink = this.#view.getBigUint64(buffer_at + 24, true);
    const size = this.#view.getBigUint64(buffer_at + 32, true);
    const mtime = timeOf(this.#view.getBigUint64(buffer_at + 48, true));
    const atime = with_atime && type !== 'l' ? ` ${timeOf(this.#view.getBigUint64(buffer_at + 40, true))}` : '';
    return `${got} ${type}${type === 'd' ? '' : ` ${size} ${nlink}`} ${mtime}${atime}`;
  }

  /** With `sweep` what is no directory is removed as soon as it is listed. */
  #list(fd: number, buffer_bytes: number, sweep: boolean): string {
    const listed = this.#entries(fd, buffer_bytes, (entry) => {
      const removed = sweep && entry.letter !== 'd' ? `:${this.#path('path_unlink_file', fd, entry.name)}` : '';
      return `${entry.letter}:${entry.name}${removed}`;
    });
    return typeof listed === 'string' ? listed : ['SUCCESS', ...listed.map(({ said }) => said)].join(' ');
  }

  /** The entries of a directory by name, with what `say` made of each as it came; or an errno. */
  #entries(fd: number, buffer_bytes: number, say: (entry: Listed) => string): (Listed & { said: string })[] | string {
    const found: (Listed & { said: string })[] = [];
    let cookie = 0n;
    let room = buffer_bytes;
    for (;;) {
      const got = this.#call('fd_readdir', fd, buffer_at, room, cookie, result_at);
      if (got !== 'SUCCESS') return got;
      const filled = this.#view.getUint32(result_at, true);
      const whole: Listed[] = [];
      for (let at = buffer_at; at + 24 <= buffer_at + filled;) {
        const length = this.#view.getUint32(at + 16, true);
        if (at + 24 + length > buffer_at + filled) break;
        cookie = this.#view.getBigUint64(at, true);
        const name = this.#text(at + 24, length);
        whole.push({ name, letter: letters.get(this.#view.getUint8(at + 20)) ?? '?' });
        at += 24 + length;
      }
      for (const entry of whole) found.push({ ...entry, said: say(entry) });
      if (filled < room) break;
      // A name that does not fit is asked for again with more room, as a libc does.
      if (whole.length === 0) room *= 2;
    }
    return found.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
  }

  #dump(fd: number, above: string): string {
    const entries = this.#entries(fd, 4096, () => '');
    if (typeof entries === 'string') return ` ${above}=${entries}`;
    let said = '';
    for (const { name } of entries) {
      if (name === '.' || name === '..') continue;
      const path = `${above}/${name}`;
      const got = this.#path('path_filestat_get', fd, 0, name, buffer_at);
      said += ` ${path}:${got}`;
      if (got !== 'SUCCESS') continue;
      const letter = letters.get(this.#view.getUint8(buffer_at + 16)) ?? '?';
      const size = this.#view.getBigUint64(buffer_at + 32, true);
      said += `:${letter}:`;
      if (letter !== 'd') said += `${size}:${this.#view.getBigUint64(buffer_at + 24, true)}:`;
      if (letter === 'l') {
        this.#path('path_readlink', fd, name, buffer_at, 4096, result_at);
        said += this.#text(buffer_at, this.#view.getUint32(result_at, true));
        continue;
      }
      const rights = all_rights & ~(right.fd_write | right.fd_allocate | right.set_size);
      const opened = this.#path('path_open', fd, 0, name, 0, rights, all_rights, 0, result_at);
      if (opened !== 'SUCCESS') {
        said += opened;
        continue;
      }
      const child = this.#view.getUint32(result_at, true);
      said += letter === 'd' ? this.#dump(child, path) : this.#hash(child);
      this.#call('fd_close', child);
    }
    return said;
  }

  /** FNV-1a of what is in a file. */
  #hash(fd: number): string {
    let hash = 2_166_136_261;
    for (;;) {
      this.#iovec(4096);
      const got = this.#call('fd_read', fd, iovec_at, 1, result_at);
      if (got !== 'SUCCESS') return got;
      const count = this.#view.getUint32(result_at, true);
      if (count === 0) return String(hash >>> 0);
      for (let i = 0; i < count; i++) hash = Math.imul(hash ^ this.#bytes[buffer_at + i]!, 16_777_619);
    }
  }

  #call(name: Call, ...parameters: (number | bigint)[]): string {
    return names.get(this.#calls[name](...parameters)) ?? 'no errno';
  }

  /** A call with a path, its pointer and length, where `parameters` hold a string. */
  #path(name: Call, ...parameters: (number | bigint | string)[]): string {
    let at = first_path_at;
    const flat = parameters.flatMap((parameter) => {
      if (typeof parameter !== 'string') return [parameter];
      const place = at;
      at = second_path_at;
      return [place, this.#bytes.write(parameter, place)];
    });
    return this.#call(name, ...flat);
  }

  #iovec(length: number): void {
    this.#view.setUint32(iovec_at, buffer_at, true);
    this.#view.setUint32(iovec_at + 4, length, true);
    if (buffer_at + length > 2 * page_bytes) throw new RangeError(`${length} bytes do not fit`);
  }

  #text(at: number, length: number): string {
    return this.#bytes.toString('utf8', at, at + length);
  }
}

interface Listed {
  readonly name: string;
  readonly letter: string;
}

function closed(): Slot {
  return { fd: -1, directory: false, readable: false, writable: false };
}

function timeOf(time: bigint): string {
  return time >= began_ns ? 'new' : String(time);
}

function timesOf(atim: string, mtim: string): { flags: number; atime: bigint; mtime: bigint } {
  const flag = (time: string): number => (time === 'keep' ? 0 : time === 'now' ? 2 : 1);
  const value = (time: string): bigint => (time === 'keep' || time === 'now' ? 0n : BigInt(time));
  return { flags: flag(atim) | (flag(mtim) << 2), atime: value(atim), mtime: value(mtim) };
}
