import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { algorithmOf, hexOf } from '../oci/index.ts';
import { checkContainerId, checkNamespace } from './names.ts';

/** Docker's namespace, whose containers have their folders right under `containers/`. */
export const docker_namespace = 'moby';

/** Where everything lies. Only digests, checked ids and hashes become parts of a path. */
export class Paths {
  readonly root: string;
  readonly state: string;
  readonly lock: string;
  readonly database: string;
  readonly reserve: string;
  /** The mirror of all images. */
  readonly images: string;
  readonly blobs: string;
  readonly ingests: string;
  readonly layers: string;
  readonly chains: string;
  readonly active: string;
  /** Directories that the kernel mounts: unpacked layers, and what snapshots have of their own. Names are short. */
  readonly unpacked: string;
  /** What overlayfs works in, one folder a snapshot. */
  readonly work: string;
  readonly containers: string;
  readonly shims: string;
  readonly bundles: string;
  /** Where snapshots are mounted for a moment. */
  readonly mounts: string;
  /** Bundles of sandboxes. */
  readonly sandboxes: string;
  /** Working folders of tasks whose shims are not ours. */
  readonly tasks: string;

  constructor(root: string, state: string) {
    this.root = root;
    this.state = state;
    this.lock = join(root, 'lock');
    this.database = join(root, 'meta.db');
    this.reserve = join(root, 'reserve');
    this.images = join(root, 'index.json');
    this.blobs = join(root, 'content', 'blobs');
    this.ingests = join(root, 'content', 'ingest');
    this.layers = join(root, 'snapshots', 'layers');
    this.chains = join(root, 'snapshots', 'chains');
    this.active = join(root, 'snapshots', 'active');
    this.unpacked = join(root, 'snapshots', 'unpacked');
    this.work = join(root, 'snapshots', 'work');
    this.containers = join(root, 'containers');
    this.shims = join(state, 'shims');
    this.bundles = join(state, 'bundles');
    this.mounts = join(state, 'mounts');
    this.sandboxes = join(state, 'sandboxes');
    this.tasks = join(root, 'tasks');
  }

  blobFolder(digest: string): string {
    return join(this.blobs, algorithmOf(digest));
  }

  blob(digest: string): string {
    return join(this.blobFolder(digest), hexOf(digest));
  }

  ingest(namespace: string, ref: string): string {
    return join(this.ingests, createHash('sha256').update(`${namespace}\0${ref}`).digest('hex'));
  }

  layer(diff_id: string): string {
    return join(this.layers, hexOf(diff_id));
  }

  /** The folder of a chain; the chain of no layers has one, too. */
  chain(chain_id: string): string {
    return join(this.chains, chain_id === '' ? 'empty' : hexOf(chain_id));
  }

  /** What of a container is to last: its mirror and its logs. */
  container(namespace: string, id: string): string {
    return inNamespace(this.containers, namespace, id);
  }

  /** The bundle of a container, made anew at each start. */
  bundle(namespace: string, id: string): string {
    return inNamespace(this.bundles, namespace, id);
  }

  /** Where the shims of sandboxes have what those of tasks have in theirs. */
  get ofSandboxes(): { bundles: string; bundle: Paths['bundle']; workFolder: Paths['workFolder'] } {
    return {
      bundles: this.sandboxes,
      bundle: (namespace, id) => inNamespace(this.sandboxes, namespace, id),
      workFolder: (namespace, id) => inNamespace(join(this.tasks, '@'), namespace, id),
    };
  }

  workFolder(namespace: string, id: string): string {
    return inNamespace(this.tasks, namespace, id);
  }
}

/** `@` cannot begin an id, so no namespace is in another's way. */
function inNamespace(folder: string, namespace: string, id: string): string {
  const name = checkContainerId(id);
  if (namespace === docker_namespace) return join(folder, name);
  return join(folder, `@${checkNamespace(namespace)}`, name);
}

/** What a name starts with that is being made or thrown away: such things are removed at boot. */
export const temporary_prefix = '.tmp-';
