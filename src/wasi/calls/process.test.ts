import assert from 'node:assert/strict';
import { test } from 'node:test';

import { random_bytes_max } from '../../limits/index.ts';
import { createBlockingClock } from '../index.ts';
import { Guest, scratch } from '../testing.ts';

function strings(guest: Guest, kind: 'args' | 'environ'): string[] {
  assert.equal(guest.call(`${kind}_sizes_get`, 0, 4), 'SUCCESS');
  const count = guest.view.getUint32(0, true);
  const bytes = guest.view.getUint32(4, true);
  assert.equal(guest.call(`${kind}_get`, 16, scratch), 'SUCCESS');
  const all = guest.text(scratch, bytes);
  return Array.from({ length: count }, (_, i) => {
    const start = guest.view.getUint32(16 + i * 4, true) - scratch;
    return all.slice(start, all.indexOf('\0', start));
  });
}

test('arguments and environment arrive as they are', () => {
  const guest = new Guest({ args: ['prog', '', 'two words'], env: ['A=1', 'EMPTY=', 'Q="x"'] });
  assert.deepEqual(strings(guest, 'args'), ['prog', '', 'two words']);
  assert.deepEqual(strings(guest, 'environ'), ['A=1', 'EMPTY=', 'Q="x"']);
  assert.deepEqual(strings(new Guest({ args: [] }), 'args'), []);
});

test('a text that holds a NUL cannot be given', () => {
  assert.throws(() => new Guest({ env: ['A=\0'] }), /it holds a NUL/);
});

test('clocks go forward and there are four', () => {
  const guest = new Guest();
  const before = createBlockingClock().now(0);
  assert.equal(guest.call('clock_time_get', 0, 0n, 0), 'SUCCESS');
  assert.ok(guest.view.getBigUint64(0, true) >= before);
  for (const id of [0, 1, 2, 3]) assert.equal(guest.call('clock_res_get', id, 0), 'SUCCESS');
  assert.equal(guest.call('clock_time_get', 4, 0n, 0), 'INVAL');
  assert.equal(guest.call('clock_res_get', -1, 0), 'INVAL');
});

test('randomness is asked for in bounded pieces and fills exactly what was asked', () => {
  const asked: number[] = [];
  const guest = new Guest({
    random(into) {
      asked.push(into.length);
      into.fill(1);
    },
  });
  assert.equal(guest.call('random_get', 100, random_bytes_max + 3), 'SUCCESS');
  assert.deepEqual(asked, [random_bytes_max, 3]);
  assert.deepEqual([...guest.bytes(99, 2)], [0, 1]);
  assert.deepEqual([...guest.bytes(102 + random_bytes_max, 2)], [1, 0]);
});

test('a raised signal does what its default is', () => {
  const raised = (signal: number): number | null => {
    const guest = new Guest();
    assert.throws(() => guest.call('proc_raise', signal));
    return guest.host.exited;
  };
  assert.equal(raised(15), 143);
  assert.equal(raised(9), 137);
  // SIGXFSZ is 24 in WASI and 25 in Linux.
  assert.equal(raised(24), 128 + 25);
  const guest = new Guest();
  for (const ignored of [0, 16, 17, 21, 27]) assert.equal(guest.call('proc_raise', ignored), 'SUCCESS');
  assert.equal(guest.call('proc_raise', 18), 'NOTSUP');
  assert.equal(guest.call('proc_raise', 31), 'INVAL');
  assert.equal(guest.host.exited, null);
});

test('after its exit a guest gets nothing done any more', () => {
  const guest = new Guest();
  assert.throws(() => guest.call('proc_exit', 5));
  assert.throws(() => guest.writeTo(1, 'late'));
  assert.equal(guest.stdout.text(), '');
  assert.equal(guest.host.exited, 5);
});
