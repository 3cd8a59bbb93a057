import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import {
  AT_FDCWD,
  close,
  listDirectory,
  makeDirectoryAt,
  O,
  openAt,
  openBeneath,
  pread,
  readlinkAt,
  renameAt,
  RESOLVE,
  setTimesAt,
  statAt,
  statAtOrNull,
  type SystemError,
} from '../index.ts';

const folder = mkdtempSync(join(tmpdir(), 'wherry-os-'));
after(() => rmSync(folder, { recursive: true }));
const directory = openAt(AT_FDCWD, folder, O.RDONLY | O.DIRECTORY);

test('nanoseconds of a time survive', () => {
  writeFileSync(join(folder, 'a'), 'abc');
  setTimesAt(directory, 'a', 1_234_567_890_123_456_789n, -1n);
  const stat = statAt(directory, 'a');
  assert.equal(stat.atime_ns, 1_234_567_890_123_456_789n);
  assert.equal(stat.mtime_ns, -1n);
  assert.equal(stat.size, 3n);
  assert.equal(stat.ino, BigInt(statSync(join(folder, 'a')).ino));
});

test('openat2 does not leave its directory, by dots or by a symlink', () => {
  symlinkSync('/etc', join(folder, 'out'));
  for (const path of ['../x', '/etc/passwd', 'out/passwd'])
    assert.throws(() => openBeneath(directory, path, O.RDONLY, 0, RESOLVE.BENEATH), {
      name: 'SystemError',
      code: 'EXDEV',
    });
  assert.throws(
    () => openBeneath(directory, 'out', O.RDONLY, 0, RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS),
    (error: SystemError) => error.code === 'ELOOP',
  );
  const fd = openBeneath(directory, 'a', O.RDONLY, 0, RESOLVE.BENEATH);
  const got = Buffer.alloc(2);
  assert.equal(pread(fd, got, 1n), 2);
  assert.equal(got.toString(), 'bc');
  close(fd);
});

test('a directory lists its entries with the type of each', () => {
  makeDirectoryAt(directory, 'd', 0o755);
  const fd = openAt(directory, '.', O.RDONLY | O.DIRECTORY);
  const types = new Map(listDirectory(fd).map((entry) => [entry.name, entry.type]));
  close(fd);
  assert.equal(types.get('d'), 4);
  assert.equal(types.get('a'), 8);
  assert.equal(types.get('out'), 10);
  assert.equal(readlinkAt(directory, 'out'), '/etc');
});

test('a name that holds a NUL is refused before the kernel cuts it', () => {
  assert.throws(() => statAt(directory, 'a\0b'), { code: 'EINVAL' });
  assert.equal(statAtOrNull(directory, 'nothing'), null);
});

test('a rename that may not replace says so', () => {
  writeFileSync(join(folder, 'b'), '');
  assert.throws(() => renameAt(directory, 'b', directory, 'a', false), { code: 'EEXIST' });
});
