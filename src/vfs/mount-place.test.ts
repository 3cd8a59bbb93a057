import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openIndex } from '../oci/index.ts';
import { placeOfMount } from './mount-place.ts';
import { imageOf } from './testing.ts';

const image = await imageOf([
  { name: 'var/run', type: 'symlink', linkname: '/run' },
  { name: 'var/lock', type: 'symlink', linkname: '../run/lock' },
  { name: 'loop', type: 'symlink', linkname: 'loop' },
  { name: 'up', type: 'symlink', linkname: '../../../etc' },
  { name: 'file', data: 'x' },
]);
const index = openIndex(image.index);

for (const [path, expected] of [
  ['/work', 'work'],
  ['/var/run/docker.sock', 'run/docker.sock'],
  ['/var/lock/x', 'run/lock/x'],
  ['/up/passwd', 'etc/passwd'],
  ['/a/./b//../c/', 'a/c'],
  ['/../../x', 'x'],
  ['/file/below', 'file/below'],
  ['/loop/x', 'loop/x'],
  ['/', ''],
] as const)
  test(`a mount at ${path} lies at /${expected}`, () => {
    assert.equal(placeOfMount(index, path).join('/'), expected);
  });
