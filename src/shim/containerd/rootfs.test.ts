import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { userId } from '../../os/index.ts';
import { makeFolders, mountRootfs, placeBelow, unmountRootfs } from './rootfs.ts';

const mountOf = (type: string, source: string, options: readonly string[]): Parameters<typeof mountRootfs>[0][number] =>
  ({ type, source, target: '', options }) as never;

describe('the root filesystem that a containerd names', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'wherry-'))));
  after(() => rmSync(folder, { recursive: true }));

  test('is where its symlinks lead within it, and nowhere else', () => {
    const root = join(folder, 'links');
    mkdirSync(join(root, 'run'), { recursive: true });
    symlinkSync('/run', join(root, 'var'));
    symlinkSync('../../../../etc', join(root, 'out'));
    symlinkSync('round', join(root, 'round'));
    assert.equal(placeBelow(root, '/var/lock/x'), '/run/lock/x');
    assert.equal(placeBelow(root, '/out/passwd'), '/etc/passwd');
    assert.equal(placeBelow(root, '/../../x'), '/x');
    for (let i = 0; i < 50; i++) symlinkSync(i === 49 ? '/etc' : `l${i + 1}`, join(root, `l${i}`));
    for (const endless of ['/round/x', '/l0/x'])
      assert.throws(() => placeBelow(root, endless), { class: 'InvalidArgument', message: /too many levels/ });
  });

  test('has a folder for what is passing, and those that mounts lie in', () => {
    const root = join(folder, 'made');
    mkdirSync(root);
    assert.equal(makeFolders(root, ['/work/deep/file']), true);
    assert.equal(statSync(join(root, 'tmp')).mode & 0o7777, 0o1777);
    assert.ok(existsSync(join(root, 'work/deep')));
  });

  test('is mounted, read-only where that is asked for, and unmounted', (t) => {
    if (userId() !== 0) return t.diagnostic('not tried: it takes root');
    const [source, target] = [join(folder, 'source'), join(folder, 'target')];
    mkdirSync(source);
    writeFileSync(join(source, 'file'), 'here');
    mountRootfs([mountOf('bind', source, ['rbind', 'ro'])], target);
    try {
      assert.throws(() => writeFileSync(join(target, 'other'), ''), { code: 'EROFS' });
      assert.equal(makeFolders(target, []), false);
    } finally {
      unmountRootfs(target);
    }
    assert.equal(existsSync(join(target, 'file')), false);
  });

  test('may have more layers than the kernel takes options of at once', (t) => {
    if (userId() !== 0) return t.diagnostic('not tried: it takes root');
    const layers = Array.from({ length: 100 }, (_, i) => join(folder, `a-folder-with-a-long-name-for-layers/${i}/fs`));
    for (const [i, layer] of layers.entries()) {
      mkdirSync(layer, { recursive: true });
      writeFileSync(join(layer, `file-${i}`), '');
    }
    const [upper, work, target] = ['upper', 'workdir', 'merged'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const each of [upper, work]) mkdirSync(each);
    const options = [`upperdir=${upper}`, `workdir=${work}`, `lowerdir=${layers.join(':')}`];
    mountRootfs([mountOf('overlay', 'overlay', options)], target);
    try {
      assert.ok(existsSync(join(target, 'file-0')) && existsSync(join(target, 'file-99')));
    } finally {
      unmountRootfs(target);
    }
  });

  test('is refused when the kernel has no such mount, and nothing stays mounted', () => {
    assert.throws(() => mountRootfs([mountOf('no-such-type', 'x', [])], join(folder, 'none')), {
      class: 'InvalidArgument',
      message: /failed to mount rootfs component/,
    });
  });
});
