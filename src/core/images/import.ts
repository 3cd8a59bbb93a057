import { createHash, randomUUID } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';

import { WherryError } from '../../errors/index.ts';
import { manifest_bytes_max } from '../../limits/index.ts';
import {
  type ArchiveBlob,
  type ArchiveIndex,
  type Descriptor,
  inOrder,
  mediaType,
  parseManifest,
  readArchiveIndex,
} from '../../oci/index.ts';
import type { Image } from '../model.ts';
import { archiveNames, type ImageDestination, nameTarget, namesOf } from './image-destination.ts';
import { makeRunnable } from './make-runnable.ts';
import { chosenChildren } from './platform-choice.ts';
import { referenceKey, referenceLabels } from './references.ts';
import type { ImageScope } from './scope.ts';
import { spoolArchive, type SpooledArchive } from './spool.ts';
import { addLabels, commitBlob, openBlob, storeDocument } from './store-content.ts';
import type { TransferReport } from './tree-progress.ts';
import { leadsOn, readDocument, Turns, walk } from './walk.ts';

/** As containerd has them. */
const import_texts = {
  empty: 'unrecognized image format',
  foreign: 'archive/tar: invalid tar header',
  cut: 'unexpected EOF',
};

export interface ImportArchive {
  /** Compresses the layers of an archive that has no manifests and names them by what they then are. */
  readonly compress: boolean;
  readonly to: ImageDestination;
  readonly lease: string;
  readonly report: TransferReport;
  readonly signal: AbortSignal;
}

/**
 * Imports an archive as containerd's transfer service does: an OCI layout, or what `docker save` writes. Its index
 * says what images there are; what no name is found for is not kept.
 *
 * @throws WherryError InvalidArgument for what is no image archive, NotFound when part of a wanted image is missing
 */
export async function importArchive(
  scope: ImageScope,
  body: AsyncIterable<Uint8Array>,
  options: ImportArchive,
): Promise<readonly Image[]> {
  const { to, lease, report } = options;
  report({ event: 'Importing' });
  const source = await spoolArchive(body, scope.core.root, import_texts);
  try {
    const compress = (layer: ArchiveBlob): Promise<Descriptor> => storeCompressed(scope, source, layer, options);
    const archive = await readArchiveIndex(source, options.compress ? compress : undefined);
    const { content } = scope.space;
    for (const { descriptor, bytes } of archive.made) await storeDocument(content, descriptor, bytes, { lease });
    await storeDocument(content, archive.descriptor, archive.bytes, { lease });
    await storeTree(scope, source, archive, options);
    const images: Image[] = [];
    const name = async (descriptor: Descriptor, names: readonly string[]): Promise<void> => {
      if (names.length === 0) return;
      const made = await makeRunnable(scope, descriptor, to, lease);
      for (const image of await nameTarget(scope, made, names, to.labels)) {
        images.push(image);
        report({ event: 'saved', name: image.name, descriptor });
      }
    };
    await name(archive.descriptor, namesOf(to, archive.descriptor));
    const index = parseManifest(archive.bytes, archive.descriptor.mediaType, 'index.json');
    for (const entry of index.kind === 'index' ? index.manifests : []) {
      if (leadsOn(entry)) await name(inOrder(entry), archiveNames(to, entry));
    }
    report({ event: 'Completed import' });
    return images;
  } finally {
    source.close();
  }
}

/** Stores a plain layer of an archive compressed, labelled with what it expands to. */
async function storeCompressed(
  { space }: ImageScope,
  source: SpooledArchive,
  { descriptor, place }: ArchiveBlob,
  { lease, signal }: ImportArchive,
): Promise<Descriptor> {
  const writer = await space.content.writer(`compress-blob-${randomUUID()}`, {}, { lease });
  try {
    const plain = createHash('sha256');
    const read = async function* (): AsyncGenerator<Uint8Array> {
      for await (const piece of source.pieces(place.offset, place.size)) {
        plain.update(piece);
        // The pieces are only good until the next is asked for.
        yield Buffer.from(piece);
      }
    };
    await pipeline(read, createGzip(), async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) {
        signal.throwIfAborted();
        await writer.write(piece);
      }
    });
    const diff_id = `sha256:${plain.digest('hex')}`;
    if (diff_id !== descriptor.digest) {
      const problem = `a layer expands to ${diff_id}, and the image's config says ${descriptor.digest}`;
      throw new WherryError('DataLoss', `cannot load the archive: ${problem}`);
    }
    const made: Descriptor = { mediaType: mediaType.dockerLayerGzip, digest: writer.digest, size: writer.offset };
    await commitBlob(writer, made, { 'containerd.io/uncompressed': diff_id });
    return made;
  } finally {
    await writer.abort();
  }
}

/** Stores what the index of an archive leads to, as far as the archive has it. */
async function storeTree(
  { space }: ImageScope,
  source: SpooledArchive,
  archive: ArchiveIndex,
  { to, lease, signal }: ImportArchive,
): Promise<void> {
  const { content } = space;
  const turns = new Turns(1);
  await walk(archive.descriptor, async (descriptor) => {
    await turns.take(() => storeBlob(descriptor));
    if (!leadsOn(descriptor)) return [];
    const document = await readDocument(content, descriptor);
    await addLabels(content, descriptor.digest, referenceLabels(document));
    const wanted = chosenChildren(descriptor, document, to.choice);
    const isThere = ({ digest }: Descriptor): boolean => content.has(digest) || archive.place(digest) !== undefined;
    if (descriptor.digest === archive.descriptor.digest || document.kind === 'index') {
      const missing = wanted.find((child) => leadsOn(child) && !isThere(child));
      if (missing !== undefined) throw new WherryError('NotFound', `content digest ${missing.digest}: not found`);
    }
    // What is not wanted now comes along all the same when the archive has it.
    const others = document.kind === 'index' ? document.manifests : document.layers;
    return [...new Set([...wanted, ...others])].filter(isThere);
  });

  async function storeBlob(descriptor: Descriptor): Promise<void> {
    signal.throwIfAborted();
    const { digest, size } = descriptor;
    const place = archive.place(digest);
    if (place === undefined) return;
    if (leadsOn(descriptor) && place.size > manifest_bytes_max) {
      const problem = `${digest} has ${place.size} bytes, more than ${manifest_bytes_max}`;
      throw new WherryError('ResourceExhausted', `cannot load the archive: ${problem}`);
    }
    if (place.size !== size) {
      const problem = `${digest} has ${place.size} bytes, its descriptor says ${size}`;
      throw new WherryError('InvalidArgument', `cannot load the archive: ${problem}`);
    }
    const writer = await openBlob(content, descriptor, lease, { ref: `tar-${referenceKey(descriptor)}`, signal });
    if (writer === null) return;
    try {
      for await (const piece of source.pieces(place.offset + writer.offset, size - writer.offset)) {
        await writer.write(piece);
      }
      await commitBlob(writer, descriptor);
    } finally {
      await writer.close();
    }
  }
}
