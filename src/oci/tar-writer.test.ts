import assert from 'node:assert/strict';
import { test } from 'node:test';

import { extract } from 'tar-stream';

import { tarEnd, tarHeader, tarPadding } from './tar-writer.ts';

test('what is written is read by others', async () => {
  const tar = extract();
  const bytes = Buffer.from('content');
  for (const part of [
    tarHeader({ name: 'folder/', mode: 0o755, size: 0 }),
    tarHeader({ name: 'folder/file', mode: 0o644, size: bytes.length, mtime: 12 }),
    bytes,
    tarPadding(bytes.length),
  ]) {
    tar.write(part);
  }
  tar.end(tarEnd);
  const entries: unknown[] = [];
  for await (const entry of tar) {
    const { name, mode, size, type, mtime } = entry.header;
    entries.push({ name, mode, size, type, mtime: mtime?.getTime() });
    entry.resume();
  }
  assert.deepEqual(entries, [
    { name: 'folder/', mode: 0o755, size: 0, type: 'directory', mtime: 0 },
    { name: 'folder/file', mode: 0o644, size: 7, type: 'file', mtime: 12_000 },
  ]);
});

test('a size past what the header holds is told before it', async () => {
  const size = 9 * 1024 ** 3;
  const tar = extract();
  tar.write(tarHeader({ name: 'large', mode: 0o444, size }));
  for await (const entry of tar) {
    assert.equal(entry.header.size, size);
    break;
  }
});
