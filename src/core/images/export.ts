import { createHash } from 'node:crypto';

import { WherryError } from '../../errors/index.ts';
import {
  algorithmOf,
  type Descriptor,
  familiarString,
  hexOf,
  inOrder,
  isIndexType,
  isManifestType,
  mediaType,
  nameAnnotations,
  parseNormalized,
  type Platform,
  platformMatch,
  tarEnd,
  tarHeader,
  tarPadding,
  withDefaultTag,
} from '../../oci/index.ts';
import type { Content } from '../model.ts';
import { readBlob } from './push.ts';
import { childrenOf, sourcesOf } from './references.ts';
import { leadsOn, readDocument } from './walk.ts';

/** A target and what it is called. */
export interface ExportedImage {
  /** Left out for one without a name. */
  readonly name?: string;
  readonly target: Descriptor;
}

export interface ExportArchive {
  readonly images: readonly ExportedImage[];
  /** Only these of an index, the first the best. */
  readonly platforms: readonly Platform[];
  /** Everything of an index; the platforms then only say what `manifest.json` has. */
  readonly all_platforms: boolean;
  /** Leaves `manifest.json` out, by which tools without OCI layouts find images. */
  readonly skip_compatibility_manifest: boolean;
  /** Leaves out layers that may not be given on. */
  readonly skip_non_distributable: boolean;
  /** A manifest of which a part is not here comes without that part's fellows; without it that fails. */
  readonly skip_missing: boolean;
}

interface ArchiveFile {
  readonly mode: number;
  readonly size: number;
  /** Left out for a folder. */
  read?(): AsyncIterable<Uint8Array>;
}

/** A manifest as `manifest.json` lists it. */
interface Listed {
  readonly manifest: Descriptor;
  readonly names: string[];
}

/**
 * An archive of images: an OCI layout with `manifest.json` beside it, as containerd and Docker write it. The same
 * images are always the same bytes.
 *
 * @throws WherryError NotFound when content is missing, DataLoss when it is damaged; what is known before the first
 *   byte is thrown by the first read
 */
export async function* exportArchive(content: Content, options: ExportArchive): AsyncGenerator<Uint8Array> {
  yield* writeTar(await new Export(content, options).files());
}

class Export {
  readonly #content: Content;
  readonly #options: ExportArchive;
  readonly #files = new Map<string, ArchiveFile>();
  readonly #listed = new Map<string, Listed>();

  constructor(content: Content, options: ExportArchive) {
    this.#content = content;
    this.#options = options;
  }

  async files(): Promise<ReadonlyMap<string, ArchiveFile>> {
    const entries: Descriptor[] = [];
    for (const { name, target } of this.#options.images) {
      const { labels } = await this.#content.info(target.digest);
      const annotations = {
        ...target.annotations,
        ...sourcesOf(labels),
        ...(name === undefined ? {} : nameAnnotations(name)),
      };
      entries.push(inOrder({ ...target, annotations }));
      await this.#image(target, name);
    }
    this.#add('oci-layout', 0o444, '{"imageLayoutVersion":"1.0.0"}');
    this.#add('index.json', 0o644, json({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: entries }));
    if (!this.#options.skip_compatibility_manifest && this.#listed.size > 0) {
      this.#add('manifest.json', 0o644, json(await this.#compatibility()));
    }
    const algorithms = new Set([...this.#files.keys()].flatMap((name) => /^blobs\/([^/]+)\//.exec(name)?.[1] ?? []));
    for (const algorithm of algorithms) {
      this.#files.set('blobs/', { mode: 0o755, size: 0 });
      this.#files.set(`blobs/${algorithm}/`, { mode: 0o755, size: 0 });
    }
    return this.#files;
  }

  async #image(target: Descriptor, name: string | undefined): Promise<void> {
    if (isManifestType(target.mediaType)) {
      await this.#blobs(target);
      this.#list(target, name);
      return;
    }
    if (!isIndexType(target.mediaType)) {
      throw new WherryError('InvalidArgument', 'only manifests may be exported: invalid argument');
    }
    const index = await readDocument(this.#content, target);
    if (index.kind !== 'index') throw new TypeError('what is announced as an index is one');
    this.#blob(target);
    const fitting: Descriptor[] = [];
    for (const manifest of index.manifests) {
      if (this.#rank(manifest) > 0) fitting.push(manifest);
      else if (!this.#options.all_platforms) continue;
      await this.#blobs(manifest);
    }
    fitting.sort((a, b) => this.#rank(b) - this.#rank(a));
    const here = this.#options.skip_missing ? await this.#whole(fitting) : fitting;
    const first = here.find(({ platform }) => platform !== undefined) ?? here[0];
    if (first === undefined) {
      if (this.#options.platforms.length === 0 || this.#options.skip_missing) return;
      throw new WherryError('NotFound', 'no manifest found for platform: not found');
    }
    this.#list(first, name);
  }

  /** Those manifests of which everything is here. */
  async #whole(manifests: readonly Descriptor[]): Promise<readonly Descriptor[]> {
    const whole: Descriptor[] = [];
    for (const manifest of manifests) {
      if (!this.#content.has(manifest.digest)) continue;
      const children = childrenOf(await readDocument(this.#content, manifest));
      if (children.every(({ digest }) => this.#content.has(digest))) whole.push(manifest);
    }
    return whole;
  }

  /** How well a manifest of an index fits what is asked for; 0 not at all. */
  #rank({ platform }: Descriptor): number {
    const { platforms } = this.#options;
    if (platforms.length === 0 || platform === undefined) return 1;
    const at = platforms.findIndex((wanted) => platformMatch(wanted, platform) > 0);
    return at < 0 ? 0 : platforms.length - at;
  }

  #list(manifest: Descriptor, name: string | undefined): void {
    let listed = this.#listed.get(manifest.digest);
    if (listed === undefined) {
      listed = { manifest, names: [] };
      this.#listed.set(manifest.digest, listed);
    }
    if (name !== undefined) listed.names.push(name);
  }

  /** A descriptor and all that it leads to. */
  async #blobs(descriptor: Descriptor): Promise<void> {
    if (this.#files.has(blobPath(descriptor))) return;
    const { skip_missing } = this.#options;
    if (skip_missing && !this.#content.has(descriptor.digest)) return;
    this.#blob(descriptor);
    if (!leadsOn(descriptor)) return;
    const document = await readDocument(this.#content, descriptor);
    const children = childrenOf(document);
    const isWhole = document.kind === 'index' || children.every(({ digest }) => this.#content.has(digest));
    if (skip_missing && !isWhole) return;
    for (const child of children) await this.#blobs(child);
  }

  #blob(descriptor: Descriptor): void {
    const { digest, size, mediaType: type } = descriptor;
    if (this.#options.skip_non_distributable && /nondistributable|rootfs\.foreign/.test(type)) return;
    if (!this.#content.has(digest)) {
      const what = leadsOn(descriptor) ? '' : 'failed to get reader: ';
      throw new WherryError('NotFound', `${what}content digest ${digest}: not found`);
    }
    this.#files.set(blobPath(descriptor), { mode: 0o444, size, read: () => verified(this.#content, digest, size) });
  }

  #add(name: string, mode: number, text: string): void {
    const bytes = Buffer.from(text);
    this.#files.set(name, {
      mode,
      size: bytes.length,
      async *read() {
        yield bytes;
      },
    });
  }

  async #compatibility(): Promise<readonly object[]> {
    const images: object[] = [];
    for (const { manifest, names } of this.#listed.values()) {
      const document = await readDocument(this.#content, manifest);
      if (document.kind !== 'manifest') continue;
      images.push({
        Config: blobPath(document.config),
        RepoTags:
          names.length === 0 ? null : names.map((name) => familiarString(withDefaultTag(parseNormalized(name)))),
        Layers: document.layers.length === 0 ? null : document.layers.map(blobPath),
      });
    }
    return images;
  }
}

function blobPath({ digest }: Descriptor): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

/** The bytes of a blob; the end is not reached when they are not what its digest says. */
async function* verified(content: Content, digest: string, size: number): AsyncGenerator<Uint8Array> {
  const hash = createHash(algorithmOf(digest));
  let sent = 0;
  for await (const piece of readBlob(content, digest)) {
    hash.update(piece);
    sent += piece.length;
    if (sent > size) break;
    yield piece;
  }
  if (sent !== size || hash.digest('hex') !== hexOf(digest)) {
    throw new WherryError(
      'DataLoss',
      `Cannot read ${digest}: the blob is damaged. Remove the image and pull it again.`,
    );
  }
}

async function* writeTar(files: ReadonlyMap<string, ArchiveFile>): AsyncGenerator<Uint8Array> {
  for (const [name, { mode, size, read }] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    yield tarHeader({ name, mode, size });
    if (read === undefined) continue;
    yield* read();
    yield tarPadding(size);
  }
  yield tarEnd;
}

/** JSON as Go writes it: these characters are escaped there. */
function json(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
