import assert from 'node:assert/strict';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { close, pipe, write } from '../../os/index.ts';
import { clockid, errno, type Ready } from '../../wasi/index.ts';
import { containerOf, imageOf, openAt, reading, temporaryFolder } from '../testing.ts';
import { createClock } from './clock.ts';
import { standardFile } from './host-file.ts';

const clock = createClock();

test('waiting ends at its time, not before', () => {
  const before = clock.now(clockid.monotonic);
  assert.deepEqual(clock.wait([], 20_000_000n), []);
  assert.ok(clock.now(clockid.monotonic) - before >= 20_000_000n);
  clock.yield();
  for (const id of Object.values(clockid)) assert.ok(clock.resolution(id) > 0n);
});

test('a pipe is ready when bytes are there, says how many, and tells when the other end is gone', () => {
  const { reader, writer } = pipe();
  const waiting = [{ file: standardFile(reader), interest: 'read' as const }];
  assert.deepEqual(clock.wait(waiting, 0n), []);
  write(writer, Buffer.from('12345'));
  assert.deepEqual(clock.wait(waiting, null), [{ index: 0, bytes: 5n, hangup: false, errno: errno.SUCCESS }]);
  close(writer);
  const [ready] = clock.wait(waiting, null) as [Ready];
  assert.deepEqual([ready.bytes, ready.hangup], [5n, true]);
});

test('files never wait, and neither does who waits for one of them too', async () => {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, 'abcdef');
  const file = standardFile(openSync(path, 'r'));
  file.seek(2n, 0);
  const image = openAt(containerOf({ image: await imageOf([{ name: 'a', data: 'xyz' }]) }), '/a', reading);
  const files = [file, image, standardFile(pipe().reader)].map((each) => ({ file: each, interest: 'read' as const }));
  const found = clock.wait(files, null) as Ready[];
  assert.deepEqual(
    found.map(({ index, bytes }) => [index, bytes]),
    [
      [0, 4n],
      [1, 3n],
    ],
  );
});

test('a pipe that nobody reads is ready to tell so', () => {
  const { reader, writer } = pipe();
  const waiting = [{ file: standardFile(writer), interest: 'write' as const }];
  assert.equal((clock.wait(waiting, null) as Ready[])[0]?.hangup, false);
  close(reader);
  assert.equal((clock.wait(waiting, null) as Ready[])[0]?.hangup, true);
});
