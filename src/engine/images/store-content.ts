import type { Content, ContentWriter, Labels } from '../../core/index.ts';
import { isClass, WherryError } from '../../errors/index.ts';
import { pull_wait_ms } from '../../limits/index.ts';
import type { Descriptor, Index, Manifest } from '../../oci/index.ts';

/** What is to be stored, and how it stays until an image holds it. */
export interface StoreOptions {
  readonly lease: string;
  readonly labels?: Labels;
}

/** Stores a small blob; one that is there already is only kept. */
export async function storeDocument(
  content: Content,
  { digest, size }: { digest: string; size: number },
  bytes: Uint8Array,
  options: StoreOptions,
): Promise<void> {
  const writer = await openBlob(content, { digest, size }, options.lease);
  if (writer === null) return;
  try {
    await writer.write(bytes.subarray(writer.offset));
    await commitBlob(writer, { digest, size }, options.labels);
  } finally {
    await writer.close();
  }
}

/**
 * Opens the ingest of a blob, which goes on where an earlier one broke off; null when the blob is there. Somebody else
 * who is writing it is waited for, and `onWait` told of it once.
 */
export async function openBlob(
  content: Content,
  expected: { readonly digest: string; readonly size: number },
  lease: string,
  { onWait, signal }: { onWait?: () => void; signal?: AbortSignal } = {},
): Promise<ContentWriter | null> {
  for (let waits = 0; ; waits++) {
    try {
      return await content.writer(`blob-${expected.digest}`, expected, { lease });
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

/** The labels by which containerd's collection finds from a document what it needs. */
export function referenceLabels(document: Manifest | Index): Labels {
  const labels: Record<string, string> = {};
  if (document.kind === 'index') {
    for (const [i, { digest }] of document.manifests.entries()) labels[`containerd.io/gc.ref.content.m.${i}`] = digest;
    return labels;
  }
  labels['containerd.io/gc.ref.content.config'] = document.config.digest;
  for (const [i, { digest }] of document.layers.entries()) labels[`containerd.io/gc.ref.content.l.${i}`] = digest;
  return labels;
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
