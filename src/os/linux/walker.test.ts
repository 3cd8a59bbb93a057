import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { AT_FDCWD, close, O, openAt, openInside, openInsideByKernel, openInsideByWalking, read } from '../index.ts';

const folder = mkdtempSync(join(tmpdir(), 'wherry-walker-'));
after(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'root/a/b'), { recursive: true });
writeFileSync(join(folder, 'outside'), 'secret');
writeFileSync(join(folder, 'root/a/b/file'), 'data');
symlinkSync('..', join(folder, 'root/a/up'));
symlinkSync('b/file', join(folder, 'root/a/link'));
symlinkSync('/', join(folder, 'root/slash'));
const root = openAt(AT_FDCWD, join(folder, 'root'), O.RDONLY | O.DIRECTORY);
const folder_flags = O.RDONLY | O.DIRECTORY;

for (const [name, open] of [
  ['openat2', openInsideByKernel],
  ['the walker', openInsideByWalking],
  ['the one chosen', openInside],
] as const) {
  test(`${name} opens what lies inside`, () => {
    const fd = open(root, 'a/b/file', O.RDONLY);
    const got = Buffer.alloc(4);
    assert.equal(read(fd, got), 4);
    assert.equal(got.toString(), 'data');
    close(fd);
    close(open(root, 'a', folder_flags));
    close(open(root, '.', folder_flags));
    close(open(root, 'a/new', O.WRONLY | O.CREAT | O.EXCL, 0o600));
    rmSync(join(folder, 'root/a/new'));
  });

  for (const [path, flags, code] of [
    ['..', folder_flags, 'EXDEV'],
    ['../outside', O.RDONLY, 'EXDEV'],
    ['a/../../outside', O.RDONLY, 'EXDEV'],
    ['/etc/passwd', O.RDONLY, 'EXDEV'],
    ['slash/etc/passwd', O.RDONLY, 'ELOOP'],
    ['slash', folder_flags, 'ELOOP'],
    ['a/up/a/b/file', O.RDONLY, 'ELOOP'],
    ['a/link', O.RDONLY, 'ELOOP'],
    ['a/link', O.PATH, 'ELOOP'],
    ['a/b/file/x', O.RDONLY, 'ENOTDIR'],
    ['a/nothing', O.RDONLY, 'ENOENT'],
    ['a/nothing/x', O.RDONLY, 'ENOENT'],
  ] as const)
    test(`${name} answers ${code} for ${path} with flags ${flags}`, () => {
      assert.throws(() => open(root, path, flags), { name: 'SystemError', code });
    });

  test(`${name} opens a symlink itself when only its place is asked for`, () => {
    close(open(root, 'a/link', O.PATH | O.NOFOLLOW));
  });
}
