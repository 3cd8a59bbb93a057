import { random_bytes_max } from '../limits/index.ts';
import { fail } from './errno.ts';
import {
  type Buffers,
  type Directory,
  type DirectoryEntry,
  type File,
  filetype,
  type OpenOptions,
  type Stat,
} from './files.ts';
import { StreamFile } from './stream-file.ts';

/** What can be told of a device before it is opened. */
interface Device {
  open(): File;
}

export interface DeviceOptions {
  readonly stdin: File;
  readonly stdout: File;
  readonly stderr: File;
  /** The container's terminal; without one `/dev/tty` cannot be opened (NXIO). */
  readonly tty?: File;
  /** Fills with randomness; at most `random_bytes_max` bytes at once. */
  readonly random: (into: Uint8Array) => void;
  /** The directory it is mounted in. */
  readonly parent?: Directory | null;
  /** `st_dev` of the devices; 0 unless given. */
  readonly dev?: bigint;
}

/** A device of the kernel's kind: reading and writing never ends, a place in it means nothing. */
class Memory extends StreamFile {
  override readonly seekable = true;
  readonly #fill: (into: Uint8Array) => void;
  readonly #ends: boolean;
  readonly #full: boolean;

  constructor(behaviour: { fill: (into: Uint8Array) => void; ends?: boolean; full?: boolean }) {
    super(false, filetype.character_device);
    this.#fill = behaviour.fill;
    this.#ends = behaviour.ends ?? false;
    this.#full = behaviour.full ?? false;
  }

  read(into: Buffers): number {
    if (this.#ends) return 0;
    let count = 0;
    for (const buffer of into) {
      this.#fill(buffer);
      count += buffer.length;
    }
    return count;
  }

  write(from: Buffers): number {
    let count = 0;
    for (const buffer of from) count += buffer.length;
    if (this.#full && count > 0) throw fail('NOSPC');
    return count;
  }

  override pread(into: Buffers): number {
    return this.read(into);
  }

  override pwrite(from: Buffers): number {
    return this.write(from);
  }

  override seek(): bigint {
    return 0n;
  }
}

/** A standard stream under a name; closing it leaves the stream open. */
function shared(file: File): File {
  return new Proxy(file, {
    get(target, key) {
      if (key === 'close') return () => undefined;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** The devices of `/dev`: null, zero, full, random, urandom, and the guest's own streams. */
function createDevices(options: DeviceOptions): ReadonlyMap<string, Device> {
  const zeros = (into: Uint8Array): void => {
    into.fill(0);
  };
  const random = (into: Uint8Array): void => {
    for (let at = 0; at < into.length; at += random_bytes_max) options.random(into.subarray(at, at + random_bytes_max));
  };
  return new Map<string, Device>([
    ['full', { open: () => new Memory({ fill: zeros, full: true }) }],
    ['null', { open: () => new Memory({ fill: zeros, ends: true }) }],
    ['random', { open: () => new Memory({ fill: random }) }],
    ['stderr', { open: () => shared(options.stderr) }],
    ['stdin', { open: () => shared(options.stdin) }],
    ['stdout', { open: () => shared(options.stdout) }],
    [
      'tty',
      {
        open() {
          if (options.tty === undefined) throw fail('NXIO');
          return shared(options.tty);
        },
      },
    ],
    ['urandom', { open: () => new Memory({ fill: random }) }],
    ['zero', { open: () => new Memory({ fill: zeros }) }],
  ]);
}

/** A directory of devices, to be mounted at `/dev`. What would change it is ROFS. */
export function createDeviceDirectory(options: DeviceOptions): Directory {
  return new DeviceDirectory(createDevices(options), options.parent ?? null, options.dev ?? 0n);
}

const cookie_dotdot = 2n;
const ino_directory = 1n;

class DeviceDirectory implements Directory {
  readonly parent: Directory | null;
  readonly #devices: ReadonlyMap<string, Device>;
  readonly #names: readonly string[];
  readonly #dev: bigint;
  readonly #made: bigint = BigInt(Date.now()) * 1_000_000n;

  constructor(devices: ReadonlyMap<string, Device>, parent: Directory | null, dev: bigint) {
    this.parent = parent;
    this.#devices = devices;
    this.#names = [...devices.keys()];
    this.#dev = dev;
  }

  stat(): Stat {
    return this.#stat(ino_directory, filetype.directory);
  }

  walk(names: readonly string[]): ReturnType<Directory['walk']> {
    if (names.length === 0) return { directory: this, taken: 0 };
    const found = this.#devices.has(names[0]!);
    return { directory: this, taken: 0, stopped: found ? { type: filetype.character_device } : null };
  }

  list(cookie: bigint): readonly DirectoryEntry[] {
    const all: DirectoryEntry[] = [
      { name: '.', ino: ino_directory, type: filetype.directory, next: 1n },
      { name: '..', ino: this.parent?.stat().ino ?? ino_directory, type: filetype.directory, next: cookie_dotdot },
    ];
    for (const [i, name] of this.#names.entries())
      all.push({ name, ino: this.#ino(i), type: filetype.character_device, next: cookie_dotdot + BigInt(i + 1) });
    return all.filter(({ next }) => next > cookie);
  }

  statChild(name: string): Stat {
    const i = this.#names.indexOf(name);
    if (i === -1) throw fail('NOENT');
    return this.#stat(this.#ino(i), filetype.character_device);
  }

  open(name: string, options: OpenOptions): File {
    const device = this.#devices.get(name);
    if (device === undefined) throw fail(options.create ? 'ROFS' : 'NOENT');
    return device.open();
  }

  makeDirectory(): void {
    throw fail('ROFS');
  }

  removeDirectory(name: string): void {
    throw fail(this.#devices.has(name) ? 'NOTDIR' : 'ROFS');
  }

  unlink(): void {
    throw fail('ROFS');
  }

  symlink(): void {
    throw fail('ROFS');
  }

  readlink(name: string): string {
    throw fail(this.#devices.has(name) ? 'INVAL' : 'NOENT');
  }

  rename(): void {
    throw fail('ROFS');
  }

  link(): void {
    throw fail('ROFS');
  }

  setTimes(): void {
    throw fail('ROFS');
  }

  setChildTimes(): void {
    throw fail('ROFS');
  }

  sync(): void {
    // There is nothing to write.
  }

  close(): void {
    // Nothing is held for a descriptor.
  }

  #ino(i: number): bigint {
    return ino_directory + BigInt(i + 1);
  }

  #stat(ino: bigint, type: Stat['type']): Stat {
    const at = this.#made;
    return { dev: this.#dev, ino, type, nlink: 1n, size: 0n, atim: at, mtim: at, ctim: at };
  }
}
