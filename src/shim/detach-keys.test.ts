import assert from 'node:assert/strict';
import { test } from 'node:test';

import { DetachWatcher, parseDetachKeys } from './detach-keys.ts';

test('detach keys are what the CLI lets a user write', () => {
  assert.deepEqual(parseDetachKeys(''), [16, 17]);
  assert.deepEqual(parseDetachKeys('a,ctrl-[,ctrl-_'), [97, 27, 31]);
  assert.equal(parseDetachKeys('ctrl-1'), null);
  assert.equal(parseDetachKeys('shift-a'), null);
});

test('a sequence detaches even across reads, one that breaks off is typed after all', () => {
  const watcher = new DetachWatcher([16, 17]);
  assert.deepEqual(watcher.push(Buffer.from([97, 16])), { pass: Buffer.from([97]), detached: false });
  assert.deepEqual(watcher.push(Buffer.from([98])), { pass: Buffer.from([16, 98]), detached: false });
  assert.deepEqual(watcher.push(Buffer.from([16, 16, 17, 99])), { pass: Buffer.from([16]), detached: true });
});
