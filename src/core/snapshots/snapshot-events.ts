import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';

import { packMessage, snapshotEvents } from '../../wire/index.ts';
import type { EventBus } from '../events.ts';

/** Publishes containerd's events of snapshots, made only when somebody listens. */
export class SnapshotEvents {
  readonly #bus: EventBus;

  constructor(bus: EventBus) {
    this.#bus = bus;
  }

  prepared(namespace: string, snapshotter: string, key: string, parent: string): void {
    this.#publish(namespace, 'prepare', snapshotEvents.SnapshotPrepareSchema, { key, parent, snapshotter });
  }

  committed(namespace: string, snapshotter: string, key: string, name: string): void {
    this.#publish(namespace, 'commit', snapshotEvents.SnapshotCommitSchema, { key, name, snapshotter });
  }

  removed(namespace: string, snapshotter: string, key: string): void {
    this.#publish(namespace, 'remove', snapshotEvents.SnapshotRemoveSchema, { key, snapshotter });
  }

  #publish<Schema extends DescMessage>(
    namespace: string,
    what: string,
    schema: Schema,
    message: MessageInitShape<Schema>,
  ): void {
    if (!this.#bus.heard) return;
    const { typeUrl, value } = packMessage(schema, message);
    this.#bus.publish(namespace, `/snapshot/${what}`, { type_url: typeUrl, value });
  }
}
