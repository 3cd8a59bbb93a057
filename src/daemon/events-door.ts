import { chmodSync } from 'node:fs';

import { eventsForwardService } from '../api/index.ts';
import type { Events } from '../core/index.ts';
import { EventsForwardService, TtrpcServer } from '../wire/index.ts';

/** Serves, at `path`, what shims hand their events to. */
export async function openEventsDoor(path: string, events: Events): Promise<{ close(): Promise<void> }> {
  const server = new TtrpcServer();
  server.register(EventsForwardService, eventsForwardService(events), [
    EventsForwardService.typeName,
    'containerd.services.events.v1.Events',
  ]);
  await server.listen(path);
  // Whoever may tell of containers is whoever runs their shims: this user.
  chmodSync(path, 0o600);
  return server;
}
