import { planDockerArchive } from './archive-docker.ts';
import { planLayout } from './archive-layout.ts';
import type { ArchiveImage } from './archive-image.ts';
import { type ArchiveSource, badArchive, readDocument } from './archive-source.ts';
import { JsonFields } from './json-fields.ts';
import { manifest_bytes_max } from '../limits/index.ts';

/**
 * Finds the images in an archive: an OCI layout (`oci-layout`, `index.json`) or what `docker save` writes
 * (`manifest.json`), old and new; where both are there, the layout counts and `manifest.json` adds names. Files may
 * stand in any order. Throws `InvalidArgument` for what is no image archive.
 */
export async function planArchive(source: ArchiveSource): Promise<readonly ArchiveImage[]> {
  const layout = await readDocument(source, 'oci-layout', manifest_bytes_max);
  const index = await readDocument(source, 'index.json', manifest_bytes_max);
  const saved = await readDocument(source, 'manifest.json', manifest_bytes_max);
  if (layout !== undefined && index !== undefined) {
    const version = JsonFields.parse(layout, 'the file oci-layout', manifest_bytes_max).string('imageLayoutVersion');
    if (version !== '1.0.0') throw badArchive(`its layout has version ${JSON.stringify(version)}, not 1.0.0`);
    return planLayout(source, index, saved);
  }
  if (saved !== undefined) return planDockerArchive(source, saved);
  throw badArchive(
    'unrecognized image format: it has neither an OCI layout (oci-layout, index.json) nor a manifest.json',
  );
}
