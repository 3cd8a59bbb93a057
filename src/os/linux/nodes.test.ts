import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { O } from './descriptors.ts';
import { mount, MS, unmount } from './mounts.ts';
import {
  copyRange,
  deviceNumber,
  linkNode,
  listNodes,
  makeDirectoryNode,
  makeNode,
  makeSymlinkNode,
  nodeAttributes,
  openNode,
  readNodeLink,
  removeDirectoryNode,
  setNodeAttribute,
  setNodeMode,
  setNodeTime,
  statNode,
  unlinkNode,
} from './nodes.ts';
import { S } from './paths.ts';

function folder(t: TestContext): { readonly path: string; readonly fd: number } {
  const path = mkdtempSync(join(tmpdir(), 'wherry-nodes-'));
  const fd = openSync(path, 'r');
  t.after(() => {
    closeSync(fd);
    rmSync(path, { recursive: true, force: true });
  });
  return { path, fd };
}

const odd = Buffer.from([0x61, 0xff, 0xfe]);

test('names are exact bytes', (t) => {
  const { fd } = folder(t);
  makeDirectoryNode(fd, odd, 0o700);
  const inner = openNode(fd, odd, O.RDONLY | O.DIRECTORY);
  t.after(() => closeSync(inner));
  makeSymlinkNode(odd, inner, Buffer.from('link'));
  makeNode(inner, Buffer.from('pipe'), S.IFIFO | 0o600, 0n);
  linkNode(inner, Buffer.from('pipe'), fd, Buffer.from('also'));
  assert.deepEqual(
    listNodes(fd),
    [odd, Buffer.from('also')].sort((a, b) => Buffer.compare(a, b)),
  );
  assert.deepEqual(Buffer.from(readNodeLink(inner, Buffer.from('link'))), odd);
  setNodeTime(inner, Buffer.from('link'), -1_500_000_000n);
  assert.equal(statNode(inner, Buffer.from('link'))?.mtimeNs, -1_500_000_000n);
  setNodeMode(inner, Buffer.from('pipe'), 0o640);
  assert.equal(Number(statNode(fd, Buffer.from('also'))!.mode) & 0o777, 0o640);
  assert.equal(statNode(fd, Buffer.from('none')), null);
  for (const name of ['link', 'pipe']) unlinkNode(inner, Buffer.from(name));
  removeDirectoryNode(fd, odd);
  assert.throws(() => openNode(fd, odd, O.RDONLY), { code: 'ENOENT' });
  assert.throws(() => makeDirectoryNode(fd, Buffer.from([0x61, 0]), 0o700), { code: 'EINVAL' });
});

test('no symlink is followed at the last name', (t) => {
  const { path, fd } = folder(t);
  writeFileSync(join(path, 'file'), 'text');
  makeSymlinkNode(Buffer.from('file'), fd, Buffer.from('link'));
  assert.throws(() => openNode(fd, Buffer.from('link'), O.RDONLY), { code: 'ELOOP' });
  setNodeAttribute(fd, Buffer.from('file'), 'user.colour', odd);
  assert.deepEqual(Buffer.from(nodeAttributes(fd, Buffer.from('file')).get('user.colour')!), odd);
  assert.equal(nodeAttributes(fd, Buffer.from('link')).has('user.colour'), false);
});

test('bytes are copied from one place to another', (t) => {
  const { path, fd } = folder(t);
  writeFileSync(join(path, 'from'), 'one two three');
  const from = openNode(fd, Buffer.from('from'), O.RDONLY);
  const to = openNode(fd, Buffer.from('to'), O.WRONLY | O.CREAT | O.EXCL, 0o600);
  t.after(() => [from, to].forEach((each) => closeSync(each)));
  const copied = copyRange(from, 4, to, 0, 3);
  if (copied >= 0) assert.equal(readFileSync(join(path, 'to'), 'utf8'), 'two');
  else assert.equal(copied, -1);
});

test('a device has the number that the kernel packs of two', () => {
  assert.equal(deviceNumber(1, 3), 0x103n);
  assert.equal(deviceNumber(0xabc, 0x12345), 0x123a_bc45n);
});

test('what can be mounted can be unmounted, and nothing else', (t) => {
  const { path } = folder(t);
  if (process.getuid?.() !== 0) {
    assert.throws(() => mount('none', path, 'tmpfs', 0, ''), { code: 'EPERM' });
    assert.throws(() => unmount(path), { code: 'EPERM' });
    return;
  }
  assert.equal(unmount(path), false);
  mount('none', path, 'tmpfs', MS.RDONLY, 'size=4k');
  assert.throws(() => writeFileSync(join(path, 'x'), ''), { code: 'EROFS' });
  assert.equal(unmount(path), true);
  assert.throws(() => mount('none', path, 'nothing', 0, ''), { code: 'ENODEV' });
  assert.throws(() => mount('no\0ne', path, 'tmpfs', 0, ''), { code: 'EINVAL' });
});
