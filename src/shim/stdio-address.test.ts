import assert from 'node:assert/strict';
import { test } from 'node:test';

import { log_bytes_max, log_files_max } from '../limits/index.ts';
import { parseStdio } from './stdio-address.ts';

test('a stream goes nowhere, to a path, or to a URI as containerd writes them', () => {
  assert.deepEqual(parseStdio(''), { kind: 'none' });
  assert.deepEqual(parseStdio('none://'), { kind: 'none' });
  assert.deepEqual(parseStdio('/run/fifo'), { kind: 'path', path: '/run/fifo', make_folder: false });
  assert.deepEqual(parseStdio('fifo:///run/fifo'), { kind: 'path', path: '/run/fifo', make_folder: false });
  assert.deepEqual(parseStdio('file:///var/log/a%20b'), { kind: 'path', path: '/var/log/a b', make_folder: true });
  assert.deepEqual(parseStdio('binary:///usr/bin/logger?-o=a%20b&id=1'), {
    kind: 'binary',
    path: '/usr/bin/logger',
    args: ['-o', 'a b', 'id', '1'],
  });
  assert.deepEqual(parseStdio('attach://'), { kind: 'attach', once: false });
  assert.deepEqual(parseStdio('attach://?once=1'), { kind: 'attach', once: true });
});

test('a log has a size and a number of files, or the usual ones', () => {
  assert.deepEqual(parseStdio('json-file:///var/log/x?max-size=100&max-file=7'), {
    kind: 'json-file',
    path: '/var/log/x',
    bytes_max: 100,
    files_max: 7,
  });
  assert.deepEqual(parseStdio('json-file:///x'), {
    kind: 'json-file',
    path: '/x',
    bytes_max: log_bytes_max,
    files_max: log_files_max,
  });
  const endless = parseStdio('json-file:///x%3Fy%23?max-size=-1&max-file=0');
  assert.deepEqual(endless, { kind: 'json-file', path: '/x?y#', bytes_max: -1, files_max: 1 });
});

test('an address that cannot be used is refused in words', () => {
  for (const [address, message] of [
    ['some words', /it is no path and no URI/],
    ['json-file:///x?max-size=lots', /"lots" is no number/],
    ['json-file:///%zz', /its path is not encoded/],
  ] as const)
    assert.throws(() => parseStdio(address), { class: 'InvalidArgument', message });
  assert.throws(() => parseStdio('foo://x'), { class: 'Unknown', message: 'unknown STDIO scheme foo' });
});
