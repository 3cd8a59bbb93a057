import { test, type TestContext } from 'node:test';

import type { Core } from '../model.ts';
import { collectionSuite } from './collection-suite.ts';
import { contentSuite } from './content-suite.ts';
import { eventsSuite } from './events-suite.ts';
import { imagesSuite } from './images-suite.ts';
import { leasesSuite } from './leases-suite.ts';
import { snapshotsSuite } from './snapshots-suite.ts';
import { transactSuite } from './transact-suite.ts';

/** Makes an empty core for one test, which is closed and thrown away when that is over. */
export type MakeCore = (t: TestContext) => Promise<Core>;

/** One expectation of whoever stands on core. */
export type Case = (name: string, check: (core: Core, t: TestContext) => Promise<void>) => void;

/** What every implementation of `Core` does: registers its tests under `name`. */
export function coreSuite(name: string, make: MakeCore): void {
  const it: Case = (what, check) => {
    test(`${name}: ${what}`, async (t) => check(await make(t), t));
  };
  contentSuite(it);
  imagesSuite(it);
  snapshotsSuite(it);
  leasesSuite(it);
  collectionSuite(it);
  transactSuite(it);
  eventsSuite(it);
}
