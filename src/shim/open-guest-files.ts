import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { basename, join } from 'node:path';

import { WherryError } from '../errors/index.ts';
import type { GuestJob, ProgramPlace, Starter } from '../guest/index.ts';
import { compiledCode } from './compiled-code.ts';
import { type Digester, mergeIndexes, openIndex } from '../oci/index.ts';
import { close, mapFile, type Mapped, memoryFile, write } from '../os/index.ts';
import { type Broker, createBroker } from '../vfs/index.ts';
import type { Bundle, ProcessSpec, RootFilesystem } from './bundle.ts';
import type { OpenPorts } from './ports.ts';
import { makeTmpfs, type Tmpfs } from './tmpfs.ts';

export interface GuestFilesOptions {
  readonly bundle: Bundle;
  readonly root: RootFilesystem;
  /** The shim's own folder, where what lives only as long as the container goes. */
  readonly folder: string;
  readonly ports: OpenPorts;
  /** The host's user for the guest's process, null when this shim is no root. */
  readonly host_uid: number | null;
  readonly starter: Pick<Starter, 'code' | 'readOnlyPath'>;
}

const sha256: Digester = (algorithm) => {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
};

/** What a guest is given at its start. */
export interface GuestStart {
  /** As it is now: where the writable layer differs from the image changes as long as the container lives. */
  readonly job: GuestJob;
  /** In the order of `GuestJob`, without the three streams. */
  readonly descriptors: readonly number[];
  /** Told of the program when there was no compiled code for it. */
  program(place: ProgramPlace): void;
  /** The guest has ended. */
  end(): void;
}

/** What a container's guests are given at their start, and ask for later. */
export interface GuestFiles {
  readonly first: GuestStart;
  readonly broker: Broker;
  /** What a process beside the first is given; `shell` is the shell for images that have none, which tells of `processes`. */
  beside(
    spec: ProcessSpec,
    shell: { readonly fd: number; readonly bytes: number } | null,
    processes: readonly (readonly string[])[],
  ): GuestStart;
  close(): void;
}

/**
 * Opens the layers and mounts of a container.
 *
 * @throws WherryError InvalidArgument for a mount whose source cannot be opened; else the system's error
 */
export function openGuestFiles({ bundle, root, folder, ports, host_uid, starter }: GuestFilesOptions): GuestFiles {
  const descriptors: number[] = [];
  const mapped: Mapped[] = [];
  const tmpfs: Tmpfs[] = [];
  const closeAll = (): void => {
    for (const fd of descriptors) close(fd);
    for (const each of mapped) each.unmap();
    for (const each of tmpfs) each.remove();
  };
  const open = (path: string): { fd: number; size: number } => {
    const fd = openToHandOver(starter.readOnlyPath(path), path);
    descriptors.push(fd);
    return { fd, size: fstatSync(fd).size };
  };
  const map = (fd: number, size: number): Uint8Array => {
    const mapping = mapFile(fd, size);
    mapped.push(mapping);
    return mapping.bytes;
  };
  const read_only = bundle.root_read_only || root.is_writable === false;
  try {
    const chain = root.directory === undefined ? open(root.chain_index) : openEmptyChain(descriptors);
    const chain_bytes = map(chain.fd, chain.size);
    const layers = root.layers.map((layer) => {
      const tar = open(join(layer, 'tar'));
      const index = open(join(layer, 'index'));
      return { diff_id: `sha256:${basename(layer)}`, tar: tar.fd, index: index.fd, index_bytes: index.size };
    });
    const mounts = bundle.mounts.map((mount, i) => {
      let source = mount.source;
      if (mount.kind === 'tmpfs') {
        const made = makeTmpfs(join(folder, 'tmpfs'));
        tmpfs.push(made);
        source = made.path;
      }
      const file = isFile(source);
      return { id: i + 1, path: mount.destination, source, read_only: mount.read_only, file, kind: mount.kind };
    });
    const broker = createBroker({
      mounts: mounts.map(({ file, kind, ...mount }) => ({ ...mount, kind: file ? 'file' : kind })),
      ...(root.directory === undefined ? {} : { root: { source: root.directory, read_only } }),
      upper: bundle.root_read_only ? null : root.upper,
      lower: {
        index: openIndex(chain_bytes),
        layers: layers.map(({ tar, index, index_bytes, diff_id }) => ({
          tar_fd: tar,
          index: openIndex(map(index, index_bytes)),
          name: diff_id,
        })),
      },
      user: bundle.user,
    });
    const common = {
      root_read_only: read_only,
      layers: layers.map(({ diff_id, index_bytes }) => ({ diff_id, index_bytes })),
      chain_index_bytes: chain.size,
      mounts: mounts.map((mount): GuestJob['mounts'][number] => ({
        id: mount.id,
        path: mount.path,
        read_only: mount.read_only,
        kind: mount.file ? 'file' : 'directory',
      })),
      memory_pages_max: bundle.memory_pages_max,
      table_entries_max: bundle.table_entries_max,
      host_uid,
      all_walls: bundle.all_walls,
    };
    const image = [...descriptors];
    const startOf = (
      { args, env, cwd, user }: ProcessSpec,
      own: Pick<GuestJob, 'listening' | 'debug' | 'core' | 'shell' | 'processes'>,
      more: readonly number[],
    ): GuestStart => {
      const compiled = compiledCode({ program: args[0] ?? '', env, cwd, root, starter }, common);
      const { code, place } = compiled;
      return {
        get job() {
          return {
            ...common,
            ...own,
            args,
            env,
            cwd,
            user,
            // Nothing of a directory of the host is there to be read without a question.
            touched: root.directory === undefined ? broker.touched : ['/'],
            code: code === null ? null : { place: place!, bytes: code.bytes },
          };
        },
        descriptors: [...image, ...more, ...(code === null ? [] : [code.fd])],
        program: compiled.program,
        end() {
          compiled.end();
          if (code !== null) close(code.fd);
        },
      };
    };
    const first = startOf(
      bundle,
      {
        listening: ports.listening,
        ...(bundle.debug ? { debug: true } : {}),
        ...(bundle.core_path === null ? {} : { core: true }),
      },
      ports.descriptors,
    );
    return {
      first,
      broker,
      beside: (spec, shell, processes) =>
        startOf(
          spec,
          { listening: [], ...(shell === null ? {} : { shell: shell.bytes, processes }) },
          shell === null ? [] : [shell.fd],
        ),
      close() {
        broker.close();
        closeAll();
      },
    };
  } catch (error) {
    closeAll();
    throw error;
  }
}

/** The index of an image that has nothing in it. */
function openEmptyChain(descriptors: number[]): { fd: number; size: number } {
  const fd = memoryFile('chain');
  descriptors.push(fd);
  const index = mergeIndexes([], sha256);
  write(fd, index);
  return { fd, size: index.length };
}

/** The zygote that the first path leads through may have gone. */
function openToHandOver(through: string, path: string): number {
  try {
    return openSync(through, 'r');
  } catch (error) {
    if (through === path) throw error;
    return openSync(path, 'r');
  }
}

function isFile(path: string): boolean {
  let fd: number;
  try {
    // Without waiting: a named pipe would do so until somebody opens its other side.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw new WherryError('InvalidArgument', `error mounting "${path}" to rootfs: ${(cause as Error).message}`, {
      cause,
    });
  }
  const file = !fstatSync(fd).isDirectory();
  closeSync(fd);
  return file;
}
