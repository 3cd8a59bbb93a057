import type { Labels } from './basics.ts';

export interface Lease {
  readonly id: string;
  readonly labels: Labels;
  readonly created_at: Date;
  /** From the label `containerd.io/gc.expire`; null when it has none or that is no time. */
  readonly expires_at: Date | null;
}

/** The label of a lease that cannot outlive the daemon which made it: it is removed at the next boot. */
export const lease_until_restart = 'io.wherry.lease.until-restart';

export interface LeaseResource {
  /** `content`, `ingests`, `images`, `snapshots/<snapshotter>`, or our own `layers`. */
  readonly type: string;
  readonly id: string;
}

export interface LeasesTx {
  get(id: string): Lease;
  has(id: string): boolean;
  list(): readonly Lease[];
  /** `expires_at` is written into the label; a label that is there already is the expiry. */
  create(lease: { id: string; labels?: Labels; expires_at?: Date }): Lease;
  delete(id: string): void;
  /** InvalidArgument or Unimplemented for a type that cannot be held. */
  add(id: string, resource: LeaseResource): void;
  /** What the lease does not hold is not missed. */
  remove(id: string, resource: LeaseResource): void;
  resources(id: string): readonly LeaseResource[];
}
