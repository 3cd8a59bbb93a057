import { randomUUID } from 'node:crypto';

import { lease_until_restart } from '../model.ts';
import type { ImageScope } from './scope.ts';

/**
 * Calls `act` with a lease that keeps what is stored under it from being collected, and removes the lease afterwards:
 * by then an image holds what is to stay.
 */
export async function withLease<T>({ core, space }: ImageScope, act: (lease: string) => Promise<T>): Promise<T> {
  const id = `image-${randomUUID()}`;
  await core.transact((tx) => tx.leases(space.name).create({ id, labels: { [lease_until_restart]: '' } }));
  try {
    return await act(id);
  } finally {
    await core.transact((tx) => tx.leases(space.name).delete(id));
  }
}
