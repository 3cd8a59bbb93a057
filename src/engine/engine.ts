import type { Images } from './images/images.ts';
import type { Networks } from './networks.ts';
import type { System } from './system.ts';
import type { Volumes } from './volumes.ts';

/** What dockerd is. */
export interface Engine {
  readonly images: Images;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly system: System;
}
