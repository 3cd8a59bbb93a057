import { createHash, randomUUID } from 'node:crypto';

import { digester, plainTarget, prepareLayers, referenceLabels, storeDocument, withLease } from '../../core/index.ts';
import { isClass, WherryError } from '../../errors/index.ts';
import { module_bytes_max } from '../../limits/index.ts';
import { makeModuleImage, mediaType, parseManifest } from '../../oci/index.ts';
import type { ImagesContext } from './context.ts';
import type { LoadedImage } from './load-archive.ts';
import { nameImage } from './name-image.ts';

/**
 * Makes an image of one bare module or component: it goes straight into the content, which is also its layer. The
 * same module is always the same image. `name` is a full reference, null for an image known by its id.
 *
 * @throws WherryError ResourceExhausted when the module is larger than `module_bytes_max`
 */
export async function loadModule(
  context: ImagesContext,
  body: AsyncIterable<Uint8Array>,
  name: string | null,
): Promise<LoadedImage> {
  const { core, space } = context;
  return withLease(context, async (lease) => {
    const { digest, size } = await storeModule(context, body, lease);
    const made = makeModuleImage({ digest, size, createdBy: 'wherry load' }, digester);
    const layer = { descriptor: { mediaType: mediaType.wasm, digest, size }, diffID: digest, form: 'module' } as const;
    await prepareLayers(context, [layer]);
    const config = { digest: made.configDigest, size: made.config.length };
    await storeDocument(space.content, config, made.config, { lease });
    const labels = referenceLabels(parseManifest(made.manifest, made.target.mediaType, digest));
    await storeDocument(space.content, made.target, made.manifest, { lease, labels });
    const target = plainTarget(made.target);
    const names = name === null ? [] : [name];
    await core.transact((tx) => nameImage(tx, space.name, target, names));
    return { target, names };
  });
}

async function storeModule(
  { space }: ImagesContext,
  body: AsyncIterable<Uint8Array>,
  lease: string,
): Promise<{ digest: string; size: number }> {
  const writer = await space.content.writer(`module-${randomUUID()}`, {}, { lease });
  const hash = createHash('sha256');
  let size = 0;
  try {
    for await (const piece of body) {
      size += piece.length;
      if (size > module_bytes_max) {
        throw new WherryError(
          'ResourceExhausted',
          `cannot load the module: it has more than ${module_bytes_max} bytes`,
        );
      }
      hash.update(piece);
      await writer.write(piece);
    }
    await writer.commit(null, null);
  } catch (error) {
    if (!isClass(error, 'AlreadyExists')) throw error;
  } finally {
    // Nobody would ever go on with an ingest of this name.
    await writer.abort();
  }
  return { digest: `sha256:${hash.digest('hex')}`, size };
}
