import assert from 'node:assert/strict';
import { test } from 'node:test';

import { close, mapFile, memoryFile, write } from '../index.ts';

test('a mapped file shows its bytes and later writes to it', () => {
  const fd = memoryFile('mapped');
  write(fd, Buffer.from('layer index'));
  const { bytes, unmap } = mapFile(fd, 11);
  assert.equal(Buffer.from(bytes.subarray(0, 5)).toString(), 'layer');
  write(fd, Buffer.from('!'));
  assert.equal(bytes.length, 11);
  unmap();
  close(fd);
});
