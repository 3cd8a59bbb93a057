/** What the tests of this room share: images made on the spot, and both halves joined without a process between. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type Header, pack } from 'tar-stream';

import { type Digester, indexLayer, mergeIndexes, openIndex } from '../oci/index.ts';
import type { FilesystemUser } from '../os/index.ts';
import { type Directory, errno, Errno, type File, type OpenOptions } from '../wasi/index.ts';
import {
  type Broker,
  type BrokerMount,
  type BrokerOptions,
  createBroker,
  createGuestFiles,
  type GuestFilesOptions,
} from './index.ts';

const digester: Digester = (algorithm) => {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
};

/** A folder that is gone when the tests of this file are over. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-vfs-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Entry extends Partial<Header> {
  readonly name: string;
  readonly data?: string | Uint8Array;
}

export type Image = GuestFilesOptions['image'] & { readonly tars: readonly string[] };

/** Packs each list of entries as a layer, base first, and merges their indexes. */
export async function imageOf(...layers: readonly (readonly Entry[])[]): Promise<Image> {
  const made: { tar: string; tar_fd: number; index: Uint8Array }[] = [];
  for (const [i, entries] of layers.entries()) {
    const packed = pack();
    for (const { data, ...headers } of entries) packed.entry(headers, data === undefined ? '' : Buffer.from(data));
    packed.finalize();
    const pieces: Uint8Array[] = [];
    for await (const piece of packed) pieces.push(piece as Uint8Array);
    const tar = join(temporaryFolder(), `${i}.tar`);
    writeFileSync(tar, Buffer.concat(pieces));
    const { index } = await indexLayer(pieces, { digester });
    made.push({ tar, tar_fd: openSync(tar, 'r'), index });
  }
  const index = mergeIndexes(
    made.map((layer) => openIndex(layer.index)),
    digester,
  );
  return {
    index,
    layers: made.map(({ tar_fd, index: own }) => ({ tar_fd, index: own })),
    tars: made.map(({ tar }) => tar),
  };
}

export const root: FilesystemUser = { uid: 0, gid: 0, groups: [] };

export interface Container {
  readonly files: { readonly root: Directory };
  readonly broker: Broker;
  readonly upper: string | null;
  /** How often the guest asked its broker. */
  trips: number;
}

export interface ContainerOptions {
  readonly image: Image;
  readonly mounts?: readonly BrokerMount[];
  readonly user?: FilesystemUser;
  readonly upper?: string | null;
  readonly dev?: Directory;
  readonly damaged?: GuestFilesOptions['damaged'];
  readonly open?: BrokerOptions['open'];
}

/** Both halves over an image: the channel is a call. */
export function containerOf(options: ContainerOptions): Container {
  const { image, mounts = [], user = root, dev, damaged, open } = options;
  const upper = options.upper === undefined ? temporaryFolder() : options.upper;
  const lower = {
    index: openIndex(image.index),
    layers: image.layers.map((l) => ({ tar_fd: l.tar_fd, index: openIndex(l.index) })),
  };
  const optional = { ...(damaged && { damaged }), ...(dev && { dev }), ...(open && { open }) };
  const failed = (error: unknown): void => {
    throw error;
  };
  const broker = createBroker({ mounts, upper, lower, user, failed, ...optional });
  const container: Container = { files: { root: null as never }, broker, upper, trips: 0 };
  const channel = {
    call: (request: Uint8Array) => {
      container.trips++;
      const { reply, descriptor } = broker.handle(request.slice());
      return { reply: reply.slice(), descriptor };
    },
  };
  const guestMounts = mounts.map(({ id, path, kind, read_only }) => {
    return { id, path, read_only, kind: kind === 'file' ? ('file' as const) : ('directory' as const) };
  });
  const files = createGuestFiles({
    image,
    channel,
    mounts: guestMounts,
    touched: broker.touched,
    user,
    read_only: upper === null,
    ...optional,
  });
  return Object.assign(container, { files });
}

const closed: OpenOptions = {
  read: false,
  write: false,
  create: false,
  exclusive: false,
  truncate: false,
  append: false,
  nonblock: false,
  dsync: false,
  sync: false,
};

export const reading: OpenOptions = { ...closed, read: true };
export const writing: OpenOptions = { ...closed, read: true, write: true };
export const creating: OpenOptions = { ...writing, create: true };

/** The directory that holds the last name of an absolute path without symlinks, and that name. */
export function at(container: Container, path: string): [Directory, string] {
  const names = path.split('/').filter((name) => name !== '');
  const name = names.pop()!;
  return [directoryAt(container, `/${names.join('/')}`), name];
}

export function directoryAt(container: Container, path: string): Directory {
  const names = path.split('/').filter((name) => name !== '');
  const { directory, taken, stopped } = container.files.root.walk(names);
  if (taken < names.length) throw new Error(`${path} stops at ${taken} with ${JSON.stringify(stopped)}`);
  return directory;
}

export function openAt(container: Container, path: string, options: OpenOptions): File {
  const [directory, name] = at(container, path);
  return directory.open(name, options);
}

export function readText(container: Container, path: string): string {
  const file = openAt(container, path, reading);
  try {
    return readAll(file).toString();
  } finally {
    file.close();
  }
}

export function readAll(file: File): Buffer {
  const pieces: Buffer[] = [];
  for (;;) {
    const piece = Buffer.alloc(100_000);
    const n = file.read([piece]) as number;
    if (n === 0) return Buffer.concat(pieces);
    pieces.push(piece.subarray(0, n));
  }
}

export function writeText(container: Container, path: string, text: string, options: OpenOptions = creating): void {
  const file = openAt(container, path, options);
  try {
    assert.equal(file.write([Buffer.from(text)]), Buffer.byteLength(text));
  } finally {
    file.close();
  }
}

/** All names in a directory but `.` and `..`, sorted; read in as many pieces as it takes. */
export function namesIn(directory: Directory): string[] {
  const names: string[] = [];
  for (let entries = directory.list(0n); entries.length > 0; entries = directory.list(entries.at(-1)!.next)) {
    for (const { name } of entries) names.push(name);
  }
  return names.filter((name) => name !== '.' && name !== '..').sort();
}

/** Runs `act` and gives the name of the errno it fails with, or `'SUCCESS'`. */
export function outcome(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof Errno) return error.name;
    throw error;
  }
  return Object.keys(errno)[0]!;
}
