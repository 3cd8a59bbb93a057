import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';

import { disposition } from './signals.ts';

test('signals have the dispositions of a program that handles none', () => {
  const { SIGCHLD, SIGCONT, SIGHUP, SIGINT, SIGKILL, SIGQUIT, SIGSTOP, SIGTERM, SIGTSTP, SIGURG, SIGUSR1, SIGWINCH } =
    constants.signals;
  for (const signal of [SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGUSR1, SIGTERM])
    assert.equal(disposition(signal), 'terminate');
  for (const signal of [SIGCHLD, SIGURG, SIGWINCH]) assert.equal(disposition(signal), 'ignore');
  for (const signal of [SIGSTOP, SIGTSTP]) assert.equal(disposition(signal), 'stop');
  assert.equal(disposition(SIGCONT), 'continue');
});

test('real-time signals end a program, and what is no signal is none', () => {
  assert.equal(disposition(34), 'terminate');
  assert.equal(disposition(64), 'terminate');
  for (const number of [0, 65, -1]) assert.equal(disposition(number), null);
});
