import type { MessageInitShape } from '@bufbuild/protobuf';

import { type Core, type Fields, fieldOfMap, type Image, type ImageFields } from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import type { ServiceHandlers } from '../../../wire/index.ts';
import type { imagesApi, ImagesService } from '../../../wire/services.ts';
import { leaseOf, namespaceOf } from '../call.ts';
import {
  fieldsWithLabels,
  filtered,
  fromTimestamp,
  fromWireDescriptor,
  pathsOf,
  required,
  toTimestamp,
  toWireDescriptor,
} from '../messages.ts';

/** containerd's Images service: names for descriptors. */
export function imagesService(core: Core): ServiceHandlers<typeof ImagesService> {
  return {
    async get({ name }, call) {
      const namespace = namespaceOf(call);
      return { image: toMessage(core.read((tx) => tx.images(namespace).get(name))) };
    },
    list: async ({ filters }, call) => ({
      images: filtered(core.namespace(namespaceOf(call)).images(), filters, fieldsOf).map(toMessage),
    }),
    async create({ image, sourceDateEpoch }, call) {
      const namespace = namespaceOf(call);
      const fields = named(fromMessage(required(image, 'image')));
      const how = { lease: leaseOf(call), at: fromTimestamp(sourceDateEpoch) };
      return { image: toMessage(await core.transact((tx) => tx.images(namespace).create(fields, how))) };
    },
    async update({ image, updateMask, sourceDateEpoch }, call) {
      const namespace = namespaceOf(call);
      const fields = named(fromMessage(required(image, 'image')));
      const paths = pathsOf(updateMask);
      const how = { lease: leaseOf(call), at: fromTimestamp(sourceDateEpoch) };
      return { image: toMessage(await core.transact((tx) => tx.images(namespace).update(fields, paths, how))) };
    },
    async delete({ name, sync, target }, call) {
      const namespace = namespaceOf(call);
      const how = { lease: leaseOf(call), target: target?.digest ?? '' };
      await core.transact((tx) => tx.images(namespace).delete(name, how));
      if (sync) await core.collect();
      else core.collectSoon();
      return {};
    },
  };
}

function named(image: ImageFields): ImageFields {
  if (image.name === '') throw new WherryError('InvalidArgument', 'Image.Name required');
  return image;
}

function fieldsOf({ name, target, labels }: Image): Fields {
  const fields = fieldsWithLabels(labels, {
    name,
    'target.digest': target.digest,
    'target.mediatype': target.mediaType,
  });
  return (path) => (path[0] === 'annotations' ? fieldOfMap(path.slice(1), target.annotations ?? {}) : fields(path));
}

function fromMessage({ name, target, labels }: imagesApi.Image): ImageFields {
  return { name, labels, target: fromWireDescriptor(target) };
}

function toMessage({
  name,
  labels,
  target,
  created_at,
  updated_at,
}: Image): MessageInitShape<typeof imagesApi.ImageSchema> {
  return {
    name,
    labels: { ...labels },
    target: toWireDescriptor(target),
    createdAt: toTimestamp(created_at),
    updatedAt: toTimestamp(updated_at),
  };
}
