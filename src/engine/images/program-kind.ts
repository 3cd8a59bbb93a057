import { posix } from 'node:path';

import { withLease } from '../../core/index.ts';
import { image_documents_kept_max } from '../../limits/index.ts';
import { entryType, isWasm, isWasmPlatform, type LayerIndex } from '../../oci/index.ts';
import { ImageFiles } from '../image-files.ts';
import { entryAt } from '../image-paths.ts';
import type { ImagesContext } from './context.ts';
import type { FoundImage } from './find-image.ts';

/** What is to be started from an image. */
export interface WantedProgram {
  /** The first argument: a path, or a name that is looked for. */
  readonly name: string;
  /** Of the variable PATH; '' for the usual folders. */
  readonly path: string;
  readonly directory: string;
}

const usual_path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What the programs of images were found to be: layers never change under their chain. */
const known = new Map<string, 'wasm' | 'linux'>();

/**
 * Whether a program of an image is WebAssembly or the machine's own. An image for Linux may hold a module, so there its
 * first bytes say it; one that is not found is the machine's own to miss. The image's layers must be there.
 */
export async function programKind(
  context: Pick<ImagesContext, 'core' | 'space'>,
  image: Pick<FoundImage, 'config' | 'form' | 'chain' | 'diff_ids'>,
  wanted: WantedProgram,
): Promise<'wasm' | 'linux'> {
  const { platform } = image.config;
  if (image.form !== 'image' || isWasmPlatform(platform)) return 'wasm';
  if (platform.os !== 'linux' || image.diff_ids.length === 0) return platform.os === 'linux' ? 'linux' : 'wasm';
  const key = [image.chain, wanted.name, wanted.path, wanted.directory].join('\0');
  let kind = known.get(key);
  if (kind === undefined) {
    kind = await look(context, image, wanted);
    known.set(key, kind);
    if (known.size > image_documents_kept_max) known.delete(known.keys().next().value!);
  }
  return kind;
}

/** A view of the image's files, for as long as it takes. */
async function look(
  context: Pick<ImagesContext, 'core' | 'space'>,
  { chain, diff_ids }: Pick<FoundImage, 'chain' | 'diff_ids'>,
  wanted: WantedProgram,
): Promise<'wasm' | 'linux'> {
  const { core, space } = context;
  return await withLease(context, async (lease) => {
    await core.transact((tx) => {
      tx.leases(space.name).add(lease, { type: 'snapshots/wherry', id: lease });
      tx.snapshots(space.name).view(lease, chain, diff_ids);
    });
    try {
      const files = ImageFiles.open(await space.mounts(lease));
      try {
        const entry = findProgram(files.index, wanted);
        return entry >= 0 && isWasm(await files.head(entry)) ? 'wasm' : 'linux';
      } finally {
        files.close();
      }
    } finally {
      await core.transact((tx) => tx.snapshots(space.name).remove(lease));
    }
  });
}

/** The file that would be started, as execvp(3) looks for it; -1 when there is none. */
function findProgram(index: LayerIndex, { name, path, directory }: WantedProgram): number {
  const isFile = (entry: number): boolean => entry >= 0 && index.type(entry) === entryType.file;
  const places = name.includes('/')
    ? [posix.resolve(directory || '/', name)]
    : (path || usual_path).split(':').map((folder) => posix.join('/', folder, name));
  return places.map((place) => entryAt(index, place)).find(isFile) ?? -1;
}
