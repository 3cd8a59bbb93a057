/** The places where a container's files may lie, each with the same tree in it, through broker and guest in one process. */
import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

import { type Digester, indexLayer, mergeIndexes, openIndex } from '../../src/oci/index.ts';
import { type BrokerMount, createBroker, createGuestFiles } from '../../src/vfs/index.ts';
import { createMemoryFiles, type Directory } from '../../src/wasi/index.ts';
import type { AbsoluteLinks, Kernel, User } from './kernel.ts';
import type { Entry, Tree } from './tree.ts';

export const backend_names = ['image', 'bind', 'volume', 'tmpfs', 'memory'] as const;

export type BackendName = (typeof backend_names)[number];

/** What an operation finds in its way where absolute symlinks are concerned. */
export const absolute_links: Readonly<Record<BackendName, AbsoluteLinks>> = {
  image: 'from-root',
  memory: 'from-root',
  bind: 'refused',
  volume: 'refused',
  tmpfs: 'refused',
};

/** Files that a guest may be given. */
export interface Opened {
  readonly root: Directory;
  /** The same files as a container that is started again finds them. */
  readonly again?: () => Opened;
  close(): Promise<void>;
}

export interface BackendOptions {
  readonly tree: Tree;
  /** Whose the tree is. */
  readonly owner: User;
  readonly user: User;
  /** A folder of its own, which does not exist yet. */
  readonly folder: string;
  readonly kernel: Kernel;
}

const image_mtime = 1_000_000_000n;
const mount_path = '/mounted';

const digester: Digester = (algorithm) => {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
};

export async function openBackend(name: BackendName, options: BackendOptions): Promise<Opened> {
  switch (name) {
    case 'image':
      return await openImage(options);
    case 'memory':
      return openMemory(options);
    default:
      return await openMount(name, options);
  }
}

/** An image and a writable layer over it. */
async function openImage({ tree, owner, user, folder, kernel }: BackendOptions): Promise<Opened> {
  mkdirSync(folder);
  const tar = await tarOf(tree, owner);
  const index = await indexOf(tar);
  const files = containerOf({ tar, folder, user, mounts: [] }, index);
  return {
    root: files.root,
    again() {
      const { root, close } = containerOf({ tar, folder, user, mounts: [] }, index);
      return { root, close: async () => close() };
    },
    async close() {
      files.close();
      await kernel.remove(folder);
    },
  };
}

async function openMount(kind: 'bind' | 'volume' | 'tmpfs', options: BackendOptions): Promise<Opened> {
  const { tree, owner, user, folder, kernel } = options;
  mkdirSync(folder);
  const source = join(folder, 'source');
  await kernel.makeTree(source, tree, owner);
  const mounts: BrokerMount[] = [{ id: 1, path: mount_path, source, read_only: false, kind }];
  empty_image ??= await indexOf(empty_tar);
  const files = containerOf({ tar: empty_tar, folder, user, mounts }, empty_image);
  return {
    root: files.root.walk([mount_path.slice(1)]).directory,
    async close() {
      files.close();
      await kernel.remove(folder);
    },
  };
}

const empty_tar = Buffer.alloc(1024);
let empty_image: Indexed | null = null;

interface Indexed {
  readonly layer: Uint8Array;
  readonly chain: Uint8Array;
}

async function indexOf(tar: Buffer): Promise<Indexed> {
  const { index: layer } = await indexLayer([tar], { digester });
  return { layer, chain: mergeIndexes([openIndex(layer)], digester) };
}

function containerOf(
  given: { tar: Buffer; folder: string; user: User; mounts: readonly BrokerMount[] },
  { layer, chain }: Indexed,
): { root: Directory; close: () => void } {
  const { tar, folder, mounts } = given;
  const user = { ...given.user, groups: [] };
  const path = join(folder, 'layer.tar');
  writeFileSync(path, tar);
  const tar_fd = openSync(path, 'r');
  const broker = createBroker({
    mounts,
    upper: join(folder, 'upper'),
    lower: { index: openIndex(chain), layers: [{ tar_fd, index: openIndex(layer) }] },
    user,
    failed: (error) => console.error(error),
  });
  const { root } = createGuestFiles({
    image: { index: chain, layers: [{ tar_fd, index: layer }] },
    channel: {
      call(request) {
        const { reply, descriptor } = broker.handle(request.slice());
        return { reply: reply.slice(), descriptor };
      },
    },
    mounts: mounts.map(({ id, path: place, read_only }) => ({
      id,
      path: place,
      read_only,
      kind: 'directory' as const,
    })),
    touched: broker.touched,
    user,
    read_only: false,
  });
  return {
    root,
    close() {
      broker.close();
      closeSync(tar_fd);
    },
  };
}

async function tarOf(tree: Tree, { uid, gid }: User): Promise<Buffer> {
  const tar = pack();
  const whole = buffer(tar);
  const common = (mtime: bigint): object => {
    const seconds = mtime / 1_000_000_000n;
    const rest = String(mtime % 1_000_000_000n).padStart(9, '0');
    return { uid, gid, mtime: new Date(Number(seconds) * 1000), pax: { mtime: `${seconds}.${rest}` } };
  };
  tar.entry({ name: './', type: 'directory', mode: 0o755, ...common(image_mtime) });
  for (const entry of tree) {
    const { path } = entry;
    if (entry.kind === 'directory')
      tar.entry({ name: `${path}/`, type: 'directory', mode: entry.mode, ...common(entry.mtime) });
    else if (entry.kind === 'file') tar.entry({ name: path, mode: entry.mode, ...common(entry.mtime) }, entry.text);
    else tar.entry({ name: path, type: 'symlink', linkname: entry.target, mode: 0o777, ...common(entry.mtime) });
  }
  tar.finalize();
  return await whole;
}

/** A tree in memory: it knows neither users nor modes. */
function openMemory({ tree }: BackendOptions): Opened {
  const files = createMemoryFiles({ now: () => BigInt(Date.now()) * 1_000_000n });
  const { root } = files;
  const above = ({ path }: Entry): [Directory, string] => {
    const names = path.split('/');
    const name = names.pop()!;
    return [root.walk(names).directory, name];
  };
  for (const entry of tree) {
    const [directory, name] = above(entry);
    if (entry.kind === 'directory') directory.makeDirectory(name);
    else if (entry.kind === 'file') files.put(`/${entry.path}`, Buffer.from(entry.text));
    else directory.symlink(entry.target, name);
  }
  for (const entry of tree.toReversed()) {
    const [directory, name] = above(entry);
    directory.setChildTimes(name, { atim: entry.mtime, mtim: entry.mtime });
  }
  root.setTimes({ atim: image_mtime, mtim: image_mtime });
  return { root, close: () => Promise.resolve() };
}
