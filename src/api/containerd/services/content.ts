import type { MessageInitShape } from '@bufbuild/protobuf';
import { closeSync, read } from 'node:fs';
import { promisify } from 'node:util';

import {
  type Content,
  type ContentInfo,
  type Core,
  digestFault,
  type IngestStatus,
  parseFilters,
} from '../../../core/index.ts';
import { fromUnknown, isClass, WherryError } from '../../../errors/index.ts';
import { content_infos_per_message, content_read_bytes_max } from '../../../limits/index.ts';
import type { CallContext, ServiceHandlers } from '../../../wire/index.ts';
import type { contentApi, ContentService } from '../../../wire/services.ts';
import { leaseOf, namespaceOf } from '../call.ts';
import { fieldsWithLabels, pathsOf, required, toTimestamp } from '../messages.ts';
import { writeContent } from './content-write.ts';

const readAt = promisify(read);

/** containerd's Content service: blobs under their digests, and the ingests that become them. */
export function contentService(core: Core): ServiceHandlers<typeof ContentService> {
  const contentOf = (call: CallContext): Content => core.namespace(namespaceOf(call)).content;
  return {
    async info({ digest }, call) {
      const content = contentOf(call);
      checkDigest(digest);
      return { info: toInfo(await content.info(digest)) };
    },
    async update({ info, updateMask }, call) {
      const content = contentOf(call);
      const { digest, labels } = required(info, 'info');
      checkDigest(digest);
      return { info: toInfo(await content.update(digest, labels, pathsOf(updateMask))) };
    },
    async *list({ filters }, call) {
      const content = contentOf(call);
      const isWanted = parseFilters(filters);
      const infos = (await content.list()).filter(({ digest, labels }) =>
        isWanted(fieldsWithLabels(labels, { digest })),
      );
      for (let at = 0; at < infos.length; at += content_infos_per_message)
        yield { info: infos.slice(at, at + content_infos_per_message).map(toInfo) };
    },
    async delete({ digest }, call) {
      const content = contentOf(call);
      const fault = digestFault(digest);
      if (fault !== null) throw new WherryError('InvalidArgument', fault);
      const lease = leaseOf(call);
      await content.delete(digest, lease === null ? {} : { lease });
      core.collectSoon();
      return {};
    },
    async *read({ digest, offset: from, size: wanted }, call) {
      const content = contentOf(call);
      const fault = digestFault(digest);
      if (fault !== null) throw new WherryError('InvalidArgument', `${digest}: ${fault}`);
      const { fd, size } = await content.open(digest);
      try {
        const start = from < 0n ? 0n : from;
        if (start > BigInt(size)) throw new WherryError('OutOfRange', `read past object length ${size} bytes`);
        const is_all = wanted <= 0n || start + wanted > BigInt(size);
        yield* pieces(fd, Number(start), is_all ? size : Number(start + wanted));
      } finally {
        closeSync(fd);
      }
    },
    async status({ ref }, call) {
      try {
        return { status: toStatus(contentOf(call).status(ref)) };
      } catch (thrown) {
        if (!isClass(thrown, 'NotFound')) throw thrown;
        const { message } = fromUnknown(thrown);
        throw new WherryError('NotFound', `could not get status for ref ${JSON.stringify(ref)}: ${message}`);
      }
    },
    async listStatuses({ filters }, call) {
      const content = contentOf(call);
      const isWanted = parseFilters(filters);
      const statuses = content.statuses().filter(({ ref }) => isWanted(([name]) => (name === 'ref' ? ref : undefined)));
      return { statuses: statuses.map(toStatus) };
    },
    write: (requests, call) => writeContent(contentOf(call), leaseOf(call), requests),
    async abort({ ref }, call) {
      await contentOf(call).abort(ref);
      return {};
    },
  };
}

/** The bytes from `from` to `to` of a file. What offsets say is counted from the first that is sent. */
async function* pieces(
  fd: number,
  from: number,
  to: number,
): AsyncGenerator<MessageInitShape<typeof contentApi.ReadContentResponseSchema>> {
  for (let at = from; at < to;) {
    const buffer = Buffer.allocUnsafeSlow(Math.min(to - at, content_read_bytes_max));
    const { bytesRead } = await readAt(fd, buffer, 0, buffer.length, at);
    if (bytesRead === 0) throw new WherryError('DataLoss', 'Cannot read content: its file is shorter than it was.');
    yield { offset: BigInt(at - from), data: buffer.subarray(0, bytesRead) };
    at += bytesRead;
  }
}

function checkDigest(digest: string): void {
  if (digestFault(digest) !== null)
    throw new WherryError('InvalidArgument', `${JSON.stringify(digest)} failed validation`);
}

function toInfo({
  digest,
  size,
  labels,
  created_at,
  updated_at,
}: ContentInfo): MessageInitShape<typeof contentApi.InfoSchema> {
  return {
    digest,
    size: BigInt(size),
    labels: { ...labels },
    createdAt: toTimestamp(created_at),
    updatedAt: toTimestamp(updated_at),
  };
}

/** What an ingest is to become is told to nobody: containerd does not know it either. */
function toStatus({
  ref,
  offset,
  total,
  started_at,
  updated_at,
}: IngestStatus): MessageInitShape<typeof contentApi.StatusSchema> {
  return {
    ref,
    offset: BigInt(offset),
    total: BigInt(total),
    startedAt: toTimestamp(started_at),
    updatedAt: toTimestamp(updated_at),
  };
}
