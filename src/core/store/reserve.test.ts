import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { disk_reserve_bytes } from '../../limits/index.ts';
import { keptLog } from '../testing/open-core.ts';
import { temporaryFolder } from '../testing/temporary.ts';
import { Reserve } from './reserve.ts';

test('space is held back, given up once when it is needed, and taken back', (t) => {
  const path = join(temporaryFolder(t), 'reserve');
  const log = keptLog();
  const reserve = new Reserve(path, log);
  const held = () => statSync(path).blocks * 512;
  reserve.refill();
  assert.ok(held() >= disk_reserve_bytes);
  assert.equal(reserve.giveUp(), true);
  assert.equal(held(), 0);
  assert.equal(reserve.giveUp(), false);
  reserve.refill();
  assert.ok(held() >= disk_reserve_bytes);
  assert.equal(log.lines.length, 1);
});
