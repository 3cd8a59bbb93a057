import type { Descriptor, Reference, RegistryClient } from '../../oci/index.ts';
import type { Content, Labels } from '../model.ts';
import { commitBlob, type OpenOptions, openBlob } from './store-content.ts';

export interface FetchBlob extends OpenOptions {
  readonly reference: Reference;
  readonly client: RegistryClient;
  readonly descriptor: Descriptor;
  readonly lease: string;
  readonly labels?: Labels;
  /** Told how many bytes are there. */
  onProgress?(offset: number): void;
}

/**
 * Fetches one blob from a registry into the content, going on where an earlier try broke off; gives whether it was
 * not there yet.
 *
 * @throws WherryError DataLoss when it is not what its digest says
 */
export async function fetchBlob(content: Content, options: FetchBlob): Promise<boolean> {
  const { reference, client, descriptor, lease, labels, signal, onProgress } = options;
  const writer = await openBlob(content, descriptor, lease, options);
  if (writer === null) return false;
  try {
    const from = { offset: writer.offset, ...(signal === undefined ? {} : { signal }) };
    for await (const piece of client.fetchBlob(reference, descriptor, from)) {
      await writer.write(piece);
      onProgress?.(writer.offset);
    }
    await commitBlob(writer, descriptor, labels);
  } finally {
    await writer.close();
  }
  return true;
}
