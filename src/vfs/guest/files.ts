import { openIndex } from '../../oci/index.ts';
import type { FilesystemUser } from '../../os/index.ts';
import type { Directory, Files } from '../../wasi/index.ts';
import { type Damage, LayerData } from '../layer-data.ts';
import { implied_directories, placeOfMount } from '../mount-place.ts';
import { root_mount } from '../protocol.ts';
import { type Channel, Client } from './client.ts';
import { GuestDirectory, type Tree } from './directory.ts';
import { GraftedDirectory } from './grafted.ts';
import { Moves } from './moves.ts';
import type { Space } from './space.ts';
import { makeSpot, type Mounted, namesOf, newSpot, type Spot } from './spots.ts';
import { Touched } from './touched.ts';

/** Something the broker has that is mounted into a guest's tree. */
export interface GuestMount {
  /** Where, from the root: `/work`. Symlinks of the image on the way are followed. */
  readonly path: string;
  /** The number of the mount at the broker, from 1; 0 is the root filesystem. */
  readonly id: number;
  /** Whether its source is a directory or a single file. */
  readonly kind: 'directory' | 'file';
  readonly read_only: boolean;
}

export interface GuestFilesOptions {
  readonly image: {
    /** The mapped index of the chain. */
    readonly index: Uint8Array;
    /** The layers its entries name, base first: a descriptor of the uncompressed tar (or bare module), the mapped index. */
    readonly layers: readonly { readonly tar_fd: number; readonly index: Uint8Array; readonly name?: string }[];
  };
  readonly channel: Channel;
  readonly mounts: readonly GuestMount[];
  /** Where the writable layer differs from the image already: `Broker.touched`. */
  readonly touched: readonly string[];
  /** What `/dev` is. */
  readonly dev?: Directory;
  /** Whom the mode bits of the image are judged for. */
  readonly user: FilesystemUser;
  /** The root filesystem has no writable layer: the broker is never asked for it. */
  readonly read_only: boolean;
  /** Told of a chunk of a layer that is not what was pulled; the read fails with IO. */
  readonly damaged?: (damage: Damage) => void;
}

/**
 * The files of a guest, seen from its own process, which has descriptors of the image's layers and a channel to its
 * broker and no other way to a file. Throws oci's `LayerError` when an index cannot be read.
 */
export function createGuestFiles(options: GuestFilesOptions): Files {
  const index = openIndex(options.image.index);
  const touched = new Touched(options.touched);
  const space: Space = {
    index,
    touched,
    client: new Client(options.channel, (path) => touched.add(path)),
    data: options.image.layers.map(
      ({ tar_fd, index: bytes, name }, i) =>
        new LayerData({ tar_fd, index: openIndex(bytes), ...(name === undefined ? {} : { name }) }, i, options.damaged),
    ),
    user: options.user,
    moves: new Moves(),
  };
  const top = newSpot('', null);
  const tree: Tree = { id: root_mount, read_only: options.read_only, spot: top, above: () => null };
  const root = GuestDirectory.root(space, tree);
  const directoryAbove = (spot: Spot): Directory => root.walk(namesOf(spot).slice(0, -1)).directory;

  if (!options.read_only) for (const name of implied_directories) makeSpot(top, [name]);
  for (const mount of options.mounts) {
    const spot = makeSpot(top, placeOfMount(index, mount.path));
    spot.mounted = mountedHere(space, mount, spot, directoryAbove);
  }
  if (options.dev !== undefined) {
    const spot = makeSpot(top, ['dev']);
    spot.mounted = { kind: 'directory', root: new GraftedDirectory(options.dev, () => root) };
  }
  return { root };
}

function mountedHere(space: Space, mount: GuestMount, spot: Spot, above: (spot: Spot) => Directory): Mounted {
  const { id, read_only } = mount;
  if (mount.kind === 'file') return { kind: 'file', id, read_only };
  return { kind: 'directory', root: GuestDirectory.root(space, { id, read_only, spot, above: () => above(spot) }) };
}
