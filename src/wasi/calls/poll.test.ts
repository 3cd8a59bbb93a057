import assert from 'node:assert/strict';
import { test } from 'node:test';

import { poll_subscriptions_max } from '../../limits/index.ts';
import { type Clock, createBlockingClock, createSource, type Waiting } from '../index.ts';
import { Guest, scratch } from '../testing.ts';

const events_at = scratch + 16_384;
const count_at = 0;

interface Subscription {
  readonly userdata: bigint;
  readonly clock?: { readonly id: number; readonly timeout: bigint; readonly flags?: number };
  readonly read?: number;
  readonly write?: number;
}

/** Subscribes and polls; the events as userdata, errno, type, bytes and flags. */
function poll(guest: Guest, subscriptions: readonly Subscription[]): unknown {
  for (const [i, { userdata, clock, read, write }] of subscriptions.entries()) {
    const at = scratch + i * 48;
    guest.bytes(at, 48).fill(0);
    guest.view.setBigUint64(at, userdata, true);
    guest.view.setUint8(at + 8, clock !== undefined ? 0 : read !== undefined ? 1 : 2);
    if (clock === undefined) guest.view.setUint32(at + 16, (read ?? write)!, true);
    else {
      guest.view.setUint32(at + 16, clock.id, true);
      guest.view.setBigUint64(at + 24, clock.timeout, true);
      guest.view.setUint16(at + 40, clock.flags ?? 0, true);
    }
  }
  const got = guest.call('poll_oneoff', scratch, events_at, subscriptions.length, count_at);
  if (got !== 'SUCCESS') return got;
  return Array.from({ length: guest.view.getUint32(count_at, true) }, (_, i) => {
    const at = events_at + i * 32;
    return {
      userdata: guest.view.getBigUint64(at, true),
      errno: guest.view.getUint16(at + 8, true),
      type: guest.view.getUint8(at + 10),
      bytes: guest.view.getBigUint64(at + 16, true),
      flags: guest.view.getUint16(at + 24, true),
    };
  });
}

const rang = (userdata: bigint) => ({ userdata, errno: 0, type: 0, bytes: 0n, flags: 0 });

test('nothing to wait for, or too much, is INVAL', () => {
  const guest = new Guest();
  assert.equal(guest.call('poll_oneoff', 0, 0, 0, 0), 'INVAL');
  assert.equal(guest.call('poll_oneoff', 0, 0, poll_subscriptions_max + 1, 0), 'INVAL');
});

test('the shortest of the timers rings, alone', () => {
  const short = { id: 1, timeout: 1_000_000n };
  const long = { id: 1, timeout: 3_600_000_000_000n };
  assert.deepEqual(
    poll(new Guest(), [
      { userdata: 1n, clock: long },
      { userdata: 2n, clock: short },
    ]),
    [rang(2n)],
  );
});

test('a moment that has passed rings at once, on either clock', () => {
  const clock = { timeout: 1n, flags: 1 };
  const both = [
    { userdata: 1n, clock: { id: 0, ...clock } },
    { userdata: 2n, clock: { id: 1, ...clock } },
  ];
  assert.deepEqual(poll(new Guest(), both), [rang(1n), rang(2n)]);
});

test('a moment to come is waited for until then', () => {
  const guest = new Guest();
  const now = createBlockingClock().now(0);
  assert.deepEqual(poll(guest, [{ userdata: 1n, clock: { id: 0, timeout: now + 2_000_000n, flags: 1 } }]), [rang(1n)]);
  assert.ok(createBlockingClock().now(0) >= now + 1_000_000n);
});

test('clocks that cannot be waited for and flags that mean nothing are told in the event', () => {
  const event = (clock: NonNullable<Subscription['clock']>, errno: number): void =>
    assert.deepEqual(poll(new Guest(), [{ userdata: 1n, clock }]), [{ ...rang(1n), errno }]);
  event({ id: 2, timeout: 1n }, 58);
  event({ id: 4, timeout: 1n }, 28);
  event({ id: 1, timeout: 1n, flags: 2 }, 28);
});

test('files are ready with what is left in them; a directory and a closed number are told as BADF', () => {
  const guest = new Guest();
  guest.write('file', '12345');
  const fd = guest.open('file');
  guest.readFrom(fd, 2);
  assert.deepEqual(
    poll(guest, [
      { userdata: 1n, read: fd },
      { userdata: 2n, read: 3 },
      { userdata: 3n, read: 99 },
      { userdata: 4n, clock: { id: 1, timeout: 3_600_000_000_000n } },
    ]),
    [
      { userdata: 1n, errno: 0, type: 1, bytes: 3n, flags: 0 },
      { userdata: 2n, errno: 8, type: 1, bytes: 0n, flags: 0 },
      { userdata: 3n, errno: 8, type: 1, bytes: 0n, flags: 0 },
    ],
  );
});

test('a stream is ready with its bytes, and hung up once it has ended', () => {
  const guest = new Guest({ stdin: createSource({ content: new Uint8Array(3) }) });
  assert.deepEqual(
    poll(guest, [
      { userdata: 9n, read: 0 },
      { userdata: 8n, write: 1 },
    ]),
    [
      { userdata: 9n, errno: 0, type: 1, bytes: 3n, flags: 1 },
      { userdata: 8n, errno: 0, type: 2, bytes: 0n, flags: 0 },
    ],
  );
});

test('the clock is asked to wait for the streams until the first timer, and not at all when something is ready', () => {
  const waits: [readonly Waiting[], bigint | null][] = [];
  const clock: Clock = {
    ...createBlockingClock(),
    wait(files, timeout_ns) {
      waits.push([files, timeout_ns]);
      return [];
    },
  };
  const guest = new Guest({ clock });
  guest.write('file', 'x');
  poll(guest, [
    { userdata: 1n, read: 0 },
    { userdata: 2n, clock: { id: 1, timeout: 5000n } },
  ]);
  poll(guest, [
    { userdata: 1n, read: 0 },
    { userdata: 2n, read: guest.open('file') },
  ]);
  assert.deepEqual(
    waits.map(([files, timeout_ns]) => [files.length, timeout_ns]),
    [
      [1, 5000n],
      [1, 0n],
    ],
  );
});
