import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';

import {
  containerEvents,
  contentEvents,
  imageEvents,
  namespaceEvents,
  packMessage,
  snapshotEvents,
} from '../../wire/index.ts';
import type { Any, Container, Labels } from '../model.ts';

/** An event that is made only when somebody listens. */
export interface ObjectEvent {
  readonly topic: string;
  pack(): Any;
}

function event<Schema extends DescMessage>(
  topic: string,
  schema: Schema,
  message: MessageInitShape<Schema>,
): ObjectEvent {
  return {
    topic,
    pack() {
      const { typeUrl, value } = packMessage(schema, message);
      return { type_url: typeUrl, value };
    },
  };
}

/** containerd's events of the objects in its store: `containerd.events` and those of images. */
export const objectEvent = {
  namespaceCreate: (name: string, labels: Labels): ObjectEvent =>
    event('/namespaces/create', namespaceEvents.NamespaceCreateSchema, { name, labels }),
  namespaceUpdate: (name: string, labels: Labels): ObjectEvent =>
    event('/namespaces/update', namespaceEvents.NamespaceUpdateSchema, { name, labels }),
  namespaceDelete: (name: string): ObjectEvent =>
    event('/namespaces/delete', namespaceEvents.NamespaceDeleteSchema, { name }),
  imageCreate: (name: string, labels: Labels): ObjectEvent =>
    event('/images/create', imageEvents.ImageCreateSchema, { name, labels }),
  imageUpdate: (name: string, labels: Labels): ObjectEvent =>
    event('/images/update', imageEvents.ImageUpdateSchema, { name, labels }),
  imageDelete: (name: string): ObjectEvent => event('/images/delete', imageEvents.ImageDeleteSchema, { name }),
  contentCreate: (digest: string, size: number): ObjectEvent =>
    event('/content/create', contentEvents.ContentCreateSchema, { digest, size: BigInt(size) }),
  contentDelete: (digest: string): ObjectEvent =>
    event('/content/delete', contentEvents.ContentDeleteSchema, { digest }),
  containerCreate: ({ id, image, runtime, runtime_options: options }: Container): ObjectEvent =>
    event('/containers/create', containerEvents.ContainerCreateSchema, {
      id,
      image,
      runtime: {
        name: runtime,
        ...(options === null ? {} : { options: { typeUrl: options.type_url, value: bytes(options) } }),
      },
    }),
  containerUpdate: ({ id, image, labels, snapshot_key: snapshotKey }: Container): ObjectEvent =>
    event('/containers/update', containerEvents.ContainerUpdateSchema, { id, image, labels, snapshotKey }),
  snapshotPrepare: (snapshotter: string, key: string, parent: string): ObjectEvent =>
    event('/snapshot/prepare', snapshotEvents.SnapshotPrepareSchema, { key, parent, snapshotter }),
  snapshotCommit: (snapshotter: string, key: string, name: string): ObjectEvent =>
    event('/snapshot/commit', snapshotEvents.SnapshotCommitSchema, { key, name, snapshotter }),
  snapshotRemove: (snapshotter: string, key: string): ObjectEvent =>
    event('/snapshot/remove', snapshotEvents.SnapshotRemoveSchema, { key, snapshotter }),
  containerDelete: (id: string): ObjectEvent =>
    event('/containers/delete', containerEvents.ContainerDeleteSchema, { id }),
} as const;

function bytes({ value }: Any): Uint8Array<ArrayBuffer> {
  return new Uint8Array(value);
}
