import { isClass, WherryError } from '../../errors/index.ts';
import { pull_wait_ms } from '../../limits/index.ts';
import type { Descriptor } from '../../oci/index.ts';
import type { Content, ContentWriter, Labels } from '../model.ts';

/** What is to be stored, and how it stays until an image holds it. */
export interface StoreOptions {
  readonly lease: string;
  readonly labels?: Labels;
}

/** Stores a small blob; one that is there already is kept, with its labels and the new ones. */
export async function storeDocument(
  content: Content,
  { digest, size }: { digest: string; size: number },
  bytes: Uint8Array,
  options: StoreOptions,
): Promise<void> {
  const writer = await openBlob(content, { digest, size }, options.lease);
  if (writer === null) {
    if (options.labels !== undefined) await addLabels(content, digest, options.labels);
    return;
  }
  try {
    await writer.write(bytes.subarray(writer.offset));
    await commitBlob(writer, { digest, size }, options.labels);
  } finally {
    await writer.close();
  }
}

export interface OpenOptions {
  /** What the ingest is called; made of the digest when left out. */
  readonly ref?: string;
  readonly onWait?: () => void;
  readonly signal?: AbortSignal;
}

/**
 * Opens the ingest of a blob, which goes on where an earlier one broke off; null when the blob is there. Somebody else
 * who is writing it is waited for, and `onWait` told of it once.
 */
export async function openBlob(
  content: Content,
  expected: { readonly digest: string; readonly size: number },
  lease: string,
  { ref = `blob-${expected.digest}`, onWait, signal }: OpenOptions = {},
): Promise<ContentWriter | null> {
  for (let waits = 0; ; waits++) {
    try {
      return await content.writer(ref, expected, { lease });
    } catch (error) {
      if (isClass(error, 'AlreadyExists')) return null;
      if (!isClass(error, 'Unavailable')) throw error;
      if (waits === 0) onWait?.();
      await sleep(signal);
    }
  }
}

/**
 * Checks a blob and makes it visible.
 *
 * @throws WherryError DataLoss when it is not what its digest says
 */
export async function commitBlob(
  writer: ContentWriter,
  { digest, size }: { readonly digest: string; readonly size: number },
  labels?: Labels,
): Promise<void> {
  try {
    await writer.commit(size, digest, labels);
  } catch (cause) {
    if (isClass(cause, 'AlreadyExists')) return;
    if (!isClass(cause, 'FailedPrecondition')) throw cause;
    throw new WherryError('DataLoss', `the blob ${digest} is not what its digest says: ${cause.message}`, { cause });
  }
}

/** Adds labels to content that is there; those it has stay. */
export async function addLabels(content: Content, digest: string, labels: Labels): Promise<void> {
  const keys = Object.keys(labels);
  if (keys.length === 0) return;
  const { labels: before } = await content.info(digest);
  if (keys.every((key) => before[key] === labels[key])) return;
  await content.update(
    digest,
    labels,
    keys.map((key) => `labels.${key}`),
  );
}

/** A descriptor as it is kept with an image: what names it elsewhere does not belong there. */
export function plainTarget({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
}

function sleep(signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(cancelled());
      return;
    }
    const cancel = (): void => {
      clearTimeout(timer);
      reject(cancelled());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', cancel);
      resolve();
    }, pull_wait_ms);
    signal?.addEventListener('abort', cancel, { once: true });
  });
}

function cancelled(): WherryError<'Cancelled'> {
  return new WherryError('Cancelled', 'the request was cancelled');
}
