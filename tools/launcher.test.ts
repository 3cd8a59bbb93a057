import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, test } from 'node:test';

const root = mkdtempSync(join(tmpdir(), 'wherry-launcher-'));
after(() => rmSync(root, { recursive: true }));

/** A clone without packages, and a folder beside it with those of another. */
const clone = join(root, 'clone');
const others = join(root, 'others');
const called = join(root, 'npm-called');

beforeEach(() => {
  for (const folder of [clone, others]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
  }
  rmSync(called, { force: true });
  copyFileSync(join(import.meta.dirname, '../wherry'), join(clone, 'wherry'));
  writeFileSync(join(clone, 'package-lock.json'), '{}');
  writeFileSync(join(others, 'package'), 'kept');
  mkdirSync(join(root, 'bin'), { recursive: true });
  // An npm that only notes that it was called: nothing may be installed by a test.
  writeFileSync(join(root, 'bin/npm'), `#!/bin/sh\necho "$*" >'${called}'\nexit 1\n`);
  chmodSync(join(root, 'bin/npm'), 0o755);
});

function launch(): { readonly code: number | null; readonly said: string } {
  const env = { PATH: `${join(root, 'bin')}:/usr/bin:/bin` };
  const { status, stderr } = spawnSync('sh', [join(clone, 'wherry'), 'version'], { env, encoding: 'utf8' });
  return { code: status, said: stderr };
}

test('packages that are a symbolic link are not installed over, and it is said what to do', () => {
  const link = join(clone, 'node_modules');
  symlinkSync(others, link);
  const { code, said } = launch();
  assert.equal(code, 1);
  assert.equal(
    said,
    `wherry: Cannot set up: ${link} is a symbolic link, and what it leads to is not what package-lock.json names; npm ci would empty it. Remove the link and try again, or run npm ci where it leads.\n`,
  );
  assert.equal(existsSync(called), false);
  assert.deepEqual(readdirSync(others), ['package']);
  assert.equal(existsSync(join(clone, '.setup')), false);
});

test('a link that leads nowhere is not installed over either', () => {
  symlinkSync(join(root, 'nowhere'), join(clone, 'node_modules'));
  assert.match(launch().said, /is a symbolic link/);
  assert.equal(existsSync(called), false);
});

test('a clone without packages, or with a folder of its own, is set up by npm ci', () => {
  for (const own of [false, true]) {
    if (own) mkdirSync(join(clone, 'node_modules'));
    rmSync(called, { force: true });
    const { code, said } = launch();
    assert.equal(code, 1);
    assert.match(said, /npm ci failed/);
    assert.equal(existsSync(called), true);
  }
});
