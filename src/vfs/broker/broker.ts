import { broker_reply_bytes_max, broker_request_bytes_max } from '../../limits/index.ts';
import type { LayerIndex } from '../../oci/index.ts';
import { close, type FilesystemUser, type OpenInside, SystemError } from '../../os/index.ts';
import { Errno, fail } from '../../wasi/index.ts';
import { Breach } from '../breach.ts';
import { Reader, Writer } from '../codec.ts';
import { errnoOf } from '../errno.ts';
import { type Damage, type Layer, LayerData } from '../layer-data.ts';
import { implied_directories, placeOfMount } from '../mount-place.ts';
import {
  operation,
  type Place,
  readOpenOptions,
  readPlace,
  readTimes,
  root_mount,
  writeEntry,
  writeOpened,
  writeReached,
  writeStat,
  writeTouched,
} from '../protocol.ts';
import { FileTree } from './file-tree.ts';
import { HostTree } from './host-tree.ts';
import type { Tree } from './tree.ts';
import { UnionTree } from './union-tree.ts';

export interface BrokerMount {
  /** The number the guest knows it by, from 1 to 65,535. */
  readonly id: number;
  /** Where in the container: `/work`. */
  readonly path: string;
  /** A directory on the host, for `file` a file. */
  readonly source: string;
  readonly read_only: boolean;
  readonly kind: 'bind' | 'volume' | 'tmpfs' | 'file';
  /** Pipes and devices are handed out too; without it only regular files. */
  readonly special?: boolean;
}

export interface BrokerOptions {
  readonly mounts: readonly BrokerMount[];
  /** A directory of the host that is the root filesystem; then neither writable layer nor image count. */
  readonly root?: { readonly source: string; readonly read_only: boolean };
  /** The directory of the writable layer, null for a container whose root filesystem is read-only. */
  readonly upper: string | null;
  /** The image: the merged index of its chain, and its layers, base first. */
  readonly lower: { readonly index: LayerIndex; readonly layers: readonly Layer[] };
  /** The container's user. Mounts are opened as this user where this process may be somebody else. */
  readonly user: FilesystemUser;
  /** How paths are kept inside a mount; found out if not given. */
  readonly open?: OpenInside;
  readonly damaged?: (damage: Damage) => void;
  /** Told of failures that the guest only sees as IO. */
  readonly failed?: (error: unknown) => void;
}

export interface Answer {
  /** The reply's bytes: a view that is valid until the next `handle`. */
  readonly reply: Uint8Array;
  /** To be sent beside the reply and then closed by the caller. */
  readonly descriptor: number | null;
  /**
   * What the other processes of the container have to be sent before this reply, null for nothing: bytes for their
   * `Channel.takeNotices`, a copy that stays.
   */
  readonly notice: Uint8Array | null;
}

/** Serves the paths of one container to its guest processes, which it does not trust. */
export interface Broker {
  /**
   * Answers one request. Synchronous and never waiting for the guest. Throws only `Breach`: whoever sent that is to be
   * killed. `user` is whom it is served for, the container's own when left out.
   */
  handle(request: Uint8Array, user?: FilesystemUser): Answer;
  /** Where the writable layer differs from the image by now, for a process that is about to start. */
  readonly touched: readonly string[];
  close(): void;
}

/**
 * Opens what a container may see of the host, once, and serves it. Throws a `SystemError` naming the source that
 * cannot be opened, or an `Errno` for a source of the wrong type.
 */
export function createBroker(options: BrokerOptions): Broker {
  return new PathBroker(options);
}

/** Writes the result of an operation behind the head of the reply. */
type Result = (reply: Writer) => void;

const nothing: Result = () => {};

class PathBroker implements Broker {
  readonly #trees: Map<number, Tree> = new Map();
  readonly #union: UnionTree | null;
  readonly #reply: Writer = new Writer(broker_reply_bytes_max);
  readonly #failed: ((error: unknown) => void) | undefined;
  readonly #own: FilesystemUser;
  /** Whom the trees serve now: a request is answered before the next is looked at. */
  readonly #served: { -readonly [Field in keyof FilesystemUser]: FilesystemUser[Field] };
  #descriptor: number | null = null;

  constructor({ mounts, root, upper, lower, user, open, damaged, failed }: BrokerOptions) {
    this.#failed = failed;
    this.#own = user;
    this.#served = { ...user };
    const data = lower.layers.map((layer, i) => new LayerData(layer, i, damaged));
    const implied = impliedBy(lower.index, mounts);
    this.#union =
      upper === null ? null : new UnionTree({ upper, index: lower.index, data, user: this.#served, implied });
    if (this.#union !== null) this.#trees.set(root_mount, this.#union);
    try {
      if (root !== undefined) this.#trees.set(root_mount, new HostTree({ ...root, user, ...(open && { open }) }));
      for (const { id, source, read_only, kind, special } of mounts) {
        const common = { source, read_only, user: this.#served, special: special ?? false };
        const tree = kind === 'file' ? new FileTree(common) : new HostTree({ ...common, ...(open && { open }) });
        if (this.#trees.has(id)) throw new RangeError(`two mounts have the number ${id}`);
        this.#trees.set(id, tree);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  get touched(): readonly string[] {
    return this.#union?.touched.all ?? [];
  }

  handle(request: Uint8Array, user: FilesystemUser = this.#own): Answer {
    Object.assign(this.#served, user);
    this.#descriptor = null;
    const reply = this.#reply.reset();
    let touched: readonly string[] = [];
    try {
      if (request.length > broker_request_bytes_max) throw new Breach(`a request has ${request.length} bytes`);
      const write = this.#serve(new Reader(request));
      touched = this.#takeTouched();
      writeTouched(reply.u16(0), touched);
      write(reply);
    } catch (error) {
      if (this.#descriptor !== null) close(this.#descriptor);
      this.#descriptor = null;
      if (error instanceof Breach) throw error;
      touched = [...touched, ...this.#takeTouched()];
      writeTouched(reply.reset().u16(this.#errnoOf(error).number), touched);
    }
    return { reply: reply.bytes, descriptor: this.#descriptor, notice: noticeOf(touched) };
  }

  close(): void {
    for (const tree of this.#trees.values()) tree.close();
    this.#trees.clear();
  }

  #takeTouched(): readonly string[] {
    return this.#union?.touched.take() ?? [];
  }

  #errnoOf(error: unknown): Errno {
    if (error instanceof Errno) return error;
    if (error instanceof SystemError) return errnoOf(error);
    this.#failed?.(error);
    return fail('IO');
  }

  #tree({ mount }: Place): Tree {
    const tree = this.#trees.get(mount);
    if (tree === undefined) throw new Breach(`there is no mount ${mount}`);
    return tree;
  }

  /** Reads one request to its end, does it, and gives how to write what came out. */
  #serve(request: Reader): Result {
    const wanted = request.u8();
    const place = readPlace(request);
    const { names } = place;
    const tree = this.#tree(place);
    switch (wanted) {
      case operation.walk: {
        const before = last(request, request.u16());
        if (before > names.length) throw new Breach('a walk starts behind its end');
        const reached = tree.walk(names, before);
        return (reply) => writeReached(reply, reached);
      }
      case operation.stat: {
        last(request);
        const stat = tree.stat(names);
        return (reply) => writeStat(reply, stat);
      }
      case operation.list: {
        const cookie = last(request, request.u64());
        return (reply) => tree.list(names, cookie, (entry) => writeEntry(reply, entry));
      }
      case operation.open: {
        const opened = tree.open(names, last(request, readOpenOptions(request)));
        if ('descriptor' in opened) this.#descriptor = opened.descriptor;
        return (reply) => writeOpened(reply, opened);
      }
      case operation.readlink: {
        last(request);
        const target = tree.readlink(names);
        return (reply) => reply.text(target);
      }
      case operation.rename: {
        const to = last(request, readPlace(request));
        if (this.#tree(to) !== tree) throw fail('XDEV');
        const isDirectory = tree.rename(names, to.names);
        return (reply) => reply.u8(isDirectory ? 1 : 0);
      }
      default:
        this.#change(wanted, tree, names, request);
        return nothing;
    }
  }

  /** The operations that answer nothing but that they were done. */
  #change(wanted: number, tree: Tree, names: readonly string[], request: Reader): void {
    switch (wanted) {
      case operation.make_directory:
        last(request);
        tree.makeDirectory(names);
        return;
      case operation.remove_directory:
        last(request);
        tree.removeDirectory(names);
        return;
      case operation.unlink:
        last(request);
        tree.unlink(names);
        return;
      case operation.symlink: {
        const target = last(request, request.text());
        if (target.includes('\0')) throw new Breach('the target of a symlink has a NUL');
        tree.symlink(names, target);
        return;
      }
      case operation.link: {
        const to = last(request, readPlace(request));
        if (this.#tree(to) !== tree) throw fail('XDEV');
        tree.link(names, to.names);
        return;
      }
      case operation.set_times:
        tree.setTimes(names, last(request, readTimes(request)));
        return;
      case operation.sync:
        last(request);
        tree.sync(names);
        return;
      default:
        throw new Breach(`there is no operation ${wanted}`);
    }
  }
}

/** Passes on the last operand of a request: nothing may come after it. */
function last<T>(request: Reader, operand?: T): T {
  if (!request.ended) throw new Breach('a request goes on after its end');
  return operand as T;
}

/** The directories that have to be there for the mounts, and those that always are, with their modes. */
function impliedBy(index: LayerIndex, mounts: readonly BrokerMount[]): ReadonlyMap<string, number> {
  const implied = new Map<string, number>();
  for (const { path, kind } of mounts) {
    const names = placeOfMount(index, path);
    // The name of a mounted file is a file, and the guest's own business.
    const directories = kind === 'file' ? names.length - 1 : names.length;
    for (let i = 1; i <= directories; i++) implied.set(names.slice(0, i).join('/'), 0o755);
  }
  for (const name of implied_directories) implied.set(name, 0o1777);
  return implied;
}

/** The notice that everything may have changed: whoever has it asks for all there is. */
export const everything_touched: Uint8Array = noticeOf(['/'])!;

function noticeOf(touched: readonly string[]): Uint8Array | null {
  if (touched.length === 0) return null;
  const size = touched.reduce((bytes, path) => bytes + 2 + Buffer.byteLength(path), 1);
  const notice = new Writer(size);
  writeTouched(notice, touched);
  return notice.bytes;
}
