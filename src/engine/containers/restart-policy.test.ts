import assert from 'node:assert/strict';
import { test } from 'node:test';

import { restartsAfterExit, restartsAtBoot } from './restart-policy.ts';

const ended = { exit_code: 0, stopped_by_user: false, restart_count: 0 };

test('a policy restarts what ended by itself', () => {
  const after = (Name: string, fields: Partial<typeof ended>, MaximumRetryCount = 0): boolean =>
    restartsAfterExit({ Name, MaximumRetryCount }, { ...ended, ...fields });
  assert.equal(after('no', { exit_code: 1 }), false);
  assert.equal(after('always', {}), true);
  assert.equal(after('always', { stopped_by_user: true }), false);
  assert.equal(after('on-failure', {}), false);
  assert.equal(after('on-failure', { exit_code: 2 }), true);
  assert.equal(after('on-failure', { exit_code: 2, restart_count: 3 }, 3), false);
  assert.equal(after('on-failure', { exit_code: 2, restart_count: 2 }, 3), true);
});

test('as the daemon starts, only "always" overrides a user who stopped it', () => {
  const stopped = { ...ended, stopped_by_user: true };
  assert.equal(restartsAtBoot({ Name: 'always', MaximumRetryCount: 0 }, stopped), true);
  assert.equal(restartsAtBoot({ Name: 'unless-stopped', MaximumRetryCount: 0 }, stopped), false);
  assert.equal(restartsAtBoot({ Name: 'unless-stopped', MaximumRetryCount: 0 }, ended), true);
  assert.equal(restartsAtBoot({ Name: 'on-failure', MaximumRetryCount: 0 }, ended), false);
});
