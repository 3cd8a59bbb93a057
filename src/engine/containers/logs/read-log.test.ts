import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { LogRecord } from './log-record.ts';
import { readLog, type ReadLogOptions } from './read-log.ts';

const all: ReadLogOptions = { tail: null, since_ns: 0n, until_ns: 0n, follow: null };

function logFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'x-json.log');
}

/** A record of second `second`. */
function record(second: number, text: string): string {
  const time = `2026-01-01T00:00:${String(second).padStart(2, '0')}.000000005Z`;
  return `${JSON.stringify({ log: text, stream: second % 2 === 0 ? 'stdout' : 'stderr', time })}\n`;
}

async function texts(path: string, options: Partial<ReadLogOptions>): Promise<string[]> {
  const records = await Array.fromAsync(readLog(path, { ...all, ...options }));
  return records.map(({ text }) => text.trimEnd());
}

function ns(second: number): bigint {
  return BigInt(Date.parse('2026-01-01T00:00:00Z') / 1000 + second) * 1_000_000_000n;
}

test('files that were turned over come before the one that is written', async (t) => {
  const path = logFolder(t);
  writeFileSync(`${path}.2`, record(1, 'a\n') + record(2, 'b\n'));
  writeFileSync(`${path}.1`, record(3, 'c\n'));
  writeFileSync(path, record(4, 'd\n') + record(5, 'e\n'));
  assert.deepEqual(await texts(path, {}), ['a', 'b', 'c', 'd', 'e']);
  for (const [tail, expected] of [
    [0, []],
    [1, ['e']],
    [2, ['d', 'e']],
    [3, ['c', 'd', 'e']],
    [4, ['b', 'c', 'd', 'e']],
    [100, ['a', 'b', 'c', 'd', 'e']],
  ] as const) {
    assert.deepEqual(await texts(path, { tail }), expected, `tail ${tail}`);
  }
  assert.deepEqual(await texts(path, { since_ns: ns(4) }), ['d', 'e']);
  assert.deepEqual(await texts(path, { until_ns: ns(4) }), ['a', 'b', 'c']);
});

test('records say which stream they are of; what is no record is passed over', async (t) => {
  const path = logFolder(t);
  writeFileSync(path, `${record(1, 'part')}not json\n${record(2, 'whole\n')}{"log":"half`);
  const records: LogRecord[] = await Array.fromAsync(readLog(path, all));
  assert.deepEqual(
    records.map(({ stream, text }) => [stream, text]),
    [
      ['stderr', 'part'],
      ['stdout', 'whole\n'],
    ],
  );
});

test('a log longer than a block is read from its end', async (t) => {
  const path = logFolder(t);
  const lines = Array.from({ length: 5000 }, (_, i) => `line ${i}`);
  writeFileSync(path, lines.map((line) => record(1, `${line}\n`)).join(''));
  assert.deepEqual(await texts(path, { tail: 1500 }), lines.slice(-1500));
  assert.equal((await texts(path, {})).length, 5000);
});

test('a follower sees what is added, over turn-overs, and ends with the container', async (t) => {
  const path = logFolder(t);
  writeFileSync(path, record(1, 'a\n'));
  let isOver = false;
  const over = Promise.withResolvers<void>();
  const follow = { isOver: () => isOver, over: over.promise, signal: new AbortController().signal };
  const seen: string[] = [];
  const steps: Readonly<Record<string, () => void>> = {
    a: () => appendFileSync(path, '{"log":"b\\n","stream":"stdout",'),
    // The second half of a record that was seen unfinished, and a turn-over right after it.
    c: () => {
      appendFileSync(path, record(5, 'e\n'));
      isOver = true;
      over.resolve();
    },
  };
  setTimeout(() => {
    appendFileSync(path, '"time":"2026-01-01T00:00:02Z"}\n');
    renameSync(path, `${path}.1`);
    writeFileSync(path, record(3, 'c\n'));
  }, 50);
  for await (const { text } of readLog(path, { ...all, follow })) {
    seen.push(text.trimEnd());
    steps[text.trimEnd()]?.();
  }
  assert.deepEqual(seen, ['a', 'b', 'c', 'e']);
});

test('a follower that goes away ends the reading', async (t) => {
  const path = logFolder(t);
  writeFileSync(path, record(1, 'a\n'));
  const gone = new AbortController();
  const follow = { isOver: () => false, over: new Promise(() => {}), signal: gone.signal };
  const seen: string[] = [];
  for await (const { text } of readLog(path, { ...all, follow })) {
    seen.push(text);
    setTimeout(() => gone.abort(), 10);
  }
  assert.deepEqual(seen, ['a\n']);
});
