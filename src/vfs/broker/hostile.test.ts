import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';

import { openIndex } from '../../oci/index.ts';
import { close } from '../../os/index.ts';
import { Breach } from '../breach.ts';
import { Writer } from '../codec.ts';
import { type Broker, createBroker } from '../index.ts';
import { operation, writeOpenOptions } from '../protocol.ts';
import { creating, imageOf, root, temporaryFolder } from '../testing.ts';

const image = await imageOf([{ name: 'a/b', data: 'image' }]);

interface Fortress {
  readonly broker: Broker;
  readonly folder: string;
}

/** A broker whose mounts have something beside them that nobody may ever touch. */
function fortress(): Fortress {
  const folder = temporaryFolder();
  for (const name of ['outside', 'mount/a', 'upper', 'read-only']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'outside/canary'), 'alive');
  writeFileSync(join(folder, 'mount/a/b'), 'mounted');
  writeFileSync(join(folder, 'read-only/a'), 'kept');
  symlinkSync('../outside', join(folder, 'mount/c'));
  symlinkSync(join(folder, 'outside'), join(folder, 'mount/a/c'));
  symlinkSync(join(folder, 'outside'), join(folder, 'upper/c'));
  const common = { path: '/x', kind: 'bind' as const };
  const broker = createBroker({
    mounts: [
      { ...common, id: 1, source: join(folder, 'mount'), read_only: false },
      { ...common, id: 2, source: join(folder, 'read-only'), read_only: true },
      { ...common, id: 3, source: join(folder, 'read-only/a'), read_only: true, kind: 'file' },
    ],
    upper: join(folder, 'upper'),
    lower: {
      index: openIndex(image.index),
      layers: image.layers.map((l) => ({ tar_fd: l.tar_fd, index: openIndex(l.index) })),
    },
    user: root,
    failed: (error) => {
      throw error;
    },
  });
  return { broker, folder };
}

function checkCanary(folder: string): void {
  assert.deepEqual(readdirSync(folder).sort(), ['mount', 'outside', 'read-only', 'upper']);
  assert.deepEqual(readdirSync(join(folder, 'outside')), ['canary']);
  assert.equal(readFileSync(join(folder, 'outside/canary'), 'utf8'), 'alive');
  assert.deepEqual(readdirSync(join(folder, 'read-only')), ['a']);
  assert.equal(readFileSync(join(folder, 'read-only/a'), 'utf8'), 'kept');
  assert.equal(statSync(join(folder, 'read-only/a')).nlink, 1);
}

/** Sends a request and gives whether it was answered; anything but an answer and a breach fails the test. */
function send(broker: Broker, request: Uint8Array): boolean {
  try {
    const { reply, descriptor } = broker.handle(request);
    assert.ok(reply.length >= 3 && reply.length <= 65_536);
    if (descriptor !== null) {
      assert.ok(statSync(`/proc/self/fd/${descriptor}`).isFile());
      close(descriptor);
    }
    return true;
  } catch (error) {
    if (error instanceof Breach) return false;
    throw error;
  }
}

test('random bytes are answered or are a breach', () => {
  const { broker, folder } = fortress();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void send(broker, bytes)),
    { numRuns: 3000 },
  );
  checkCanary(folder);
});

const name = fc.constantFrom(
  'a',
  'b',
  'c',
  'canary',
  '.',
  '..',
  '',
  '.wh.a',
  '.wh..wh..opq',
  'a\0b',
  '…',
  'x'.repeat(300),
);
const hostilePath = fc.array(name, { maxLength: 5 }).map((names) => names.join('/'));

test('well-formed requests with hostile paths reach nothing outside', () => {
  const { broker, folder } = fortress();
  const request = fc.record({
    wanted: fc.constantFrom(...Object.values(operation)),
    mount: fc.integer({ min: 0, max: 4 }),
    path: hostilePath,
    other: hostilePath,
    other_mount: fc.integer({ min: 0, max: 4 }),
    tail: fc.uint8Array({ maxLength: 18 }),
  });
  fc.assert(
    fc.property(request, ({ wanted, mount, path, other, other_mount, tail }) => {
      const writer = new Writer(65_536).u8(wanted).u16(mount).text(path);
      if (wanted === operation.rename || wanted === operation.link) writer.u16(other_mount).text(other);
      else if (wanted === operation.symlink) writer.text(`../${other}`);
      else if (wanted === operation.open) writer.u16(tail[0] ?? 3);
      else if (wanted === operation.walk) writer.u16(0);
      else if (wanted === operation.list) writer.u64(BigInt(tail.length) << BigInt(tail[0] ?? 0));
      else if (wanted === operation.set_times) writer.u8(1).u8(0);
      send(broker, writer.bytes);
    }),
    { numRuns: 6000 },
  );
  checkCanary(folder);
});

for (const [what, path] of [
  ['up', '..'],
  ['up in the middle', 'a/../../outside'],
  ['nothing between slashes', 'a//b'],
  ['an absolute path', '/etc'],
  ['a slash at the end', 'a/'],
  ['a NUL', 'a\0'],
] as const)
  test(`a path with ${what} is a breach`, () => {
    const { broker } = fortress();
    for (const wanted of [operation.stat, operation.unlink, operation.make_directory]) {
      for (const mount of [0, 1]) {
        assert.throws(() => broker.handle(new Writer(100).u8(wanted).u16(mount).text(path).bytes), Breach);
      }
    }
  });

test('lengths that lie, operations, mounts and flags that are not there are breaches', () => {
  const { broker } = fortress();
  const stat = new Writer(100).u8(operation.stat).u16(1).text('a').bytes;
  for (const request of [
    new Uint8Array(0),
    stat.subarray(0, stat.length - 1),
    Buffer.concat([stat, Buffer.from('x')]),
    new Uint8Array(70_000),
    new Writer(100).u8(99).u16(1).text('a').bytes,
    new Writer(100).u8(operation.stat).u16(9).text('a').bytes,
    new Writer(100).u8(operation.open).u16(1).text('a').u16(0x8000).bytes,
    new Writer(100).u8(operation.walk).u16(1).text('a').u16(2).bytes,
    Buffer.from([operation.stat, 1, 0, 1, 0, 0xff]),
  ])
    assert.throws(() => broker.handle(request), Breach);
});

test('a link swapped in for a directory while the broker works is not followed', () => {
  const { broker, folder } = fortress();
  const request = writeRequest('c/canary');
  const { reply, descriptor } = broker.handle(request);
  assert.notEqual(reply[0], 0);
  assert.equal(descriptor, null);
  checkCanary(folder);
});

function writeRequest(path: string): Uint8Array {
  const writer = new Writer(200).u8(operation.open).u16(1).text(path);
  writeOpenOptions(writer, creating);
  return writer.bytes;
}
