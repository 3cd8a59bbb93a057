import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { JsonLog } from './json-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'wherry-log-'));
after(() => rmSync(folder, { recursive: true }));

interface Record {
  log: string;
  stream: string;
  time: string;
}

function records(path: string): Record[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record);
}

test('each line is an object as Docker writes it, in order, with a time that sorts', async () => {
  const path = join(folder, 'a.log');
  const log = new JsonLog(path, -1, 1);
  for (let i = 0; i < 100; i++) log.append(i % 2 === 0 ? 'stdout' : 'stderr', Buffer.from(`line ${i}\n`));
  await log.close(1000);
  const written = records(path);
  assert.deepEqual(
    written.map((record) => record.log),
    Array.from({ length: 100 }, (_, i) => `line ${i}\n`),
  );
  assert.equal(written[1]!.stream, 'stderr');
  assert.match(written[0]!.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  assert.deepEqual(
    written.map((record) => record.time).toSorted(),
    written.map((record) => record.time),
  );
});

test('a log turns over before it grows past its size, and keeps so many files', async () => {
  const path = join(folder, 'b.log');
  const log = new JsonLog(path, 1000, 3);
  for (let i = 0; i < 100; i++) log.append('stdout', Buffer.from(`${i}\n`));
  await log.close(1000);
  assert.ok(existsSync(`${path}.1`) && existsSync(`${path}.2`) && !existsSync(`${path}.3`));
  for (const each of [path, `${path}.1`, `${path}.2`]) assert.ok(statSync(each).size <= 1000);
  const kept = [`${path}.2`, `${path}.1`, path].flatMap((each) => records(each).map((record) => Number(record.log)));
  assert.equal(kept.at(-1), 99);
  for (let i = 1; i < kept.length; i++) assert.equal(kept[i], kept[i - 1]! + 1);
});

test('a log goes on where an earlier one stopped', async () => {
  const path = join(folder, 'c.log');
  for (const word of ['first', 'second']) {
    const log = new JsonLog(path, 10_000, 2);
    log.append('stdout', Buffer.from(`${word}\n`));
    await log.close(1000);
  }
  assert.deepEqual(
    records(path).map((record) => record.log),
    ['first\n', 'second\n'],
  );
});
