import type { Labels } from './basics.ts';

export interface Lease {
  readonly id: string;
  readonly labels: Labels;
  readonly created_at: Date;
  readonly expires_at: Date | null;
}

/** The label of a lease that cannot outlive the daemon which made it: it is removed at the next boot. */
export const lease_until_restart = 'io.wherry.lease.until-restart';

export interface LeaseResource {
  /** `content` or `snapshots/wherry` or `layers`. */
  readonly type: string;
  readonly id: string;
}

export interface LeasesTx {
  create(lease: { id: string; labels?: Labels; expires_at?: Date }): Lease;
  delete(id: string): void;
  list(): readonly Lease[];
  add(id: string, resource: LeaseResource): void;
  resources(id: string): readonly LeaseResource[];
}
