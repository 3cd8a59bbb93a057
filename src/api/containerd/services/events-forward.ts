import { create } from '@bufbuild/protobuf';
import { EmptySchema, timestampDate } from '@bufbuild/protobuf/wkt';

import type { Events } from '../../../core/index.ts';
import type { EventsForwardService, ServiceHandlers } from '../../../wire/index.ts';

const empty = create(EmptySchema);

/** containerd's Events service as shims speak it: what they tell of their tasks goes to whoever listens. */
export function eventsForwardService(events: Events): ServiceHandlers<typeof EventsForwardService> {
  return {
    async forward({ envelope }) {
      const { event, namespace = '', topic = '', timestamp } = envelope ?? {};
      events.forward({
        timestamp: timestamp === undefined ? new Date(0) : timestampDate(timestamp),
        namespace,
        topic,
        event: { type_url: event?.typeUrl ?? '', value: event?.value ?? new Uint8Array() },
      });
      return empty;
    },
  };
}
