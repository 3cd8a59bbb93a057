/**
 * containerd's snapshots through the real `ctr`: what the kernel shows of them when the daemon is root, and what it is
 * told when it is not.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { ociArchive, type OciImage } from './ctr/images.ts';
import { unmount } from '../src/os/index.ts';
import { type Daemon, startDaemon } from './daemon.ts';
import type { ImageFile } from './image.ts';

const is_root = process.getuid?.() === 0;
const ctr_path = spawnSync('sh', ['-c', 'command -v ctr'], { encoding: 'utf8' }).stdout.trim();
const layers_many = 120;

let daemon: Daemon;

interface Ran {
  readonly code: number | null;
  readonly text: string;
}

function ctr(...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(ctr_path, ['-a', join(daemon.state, 'containerd.sock'), ...args], {
    encoding: 'utf8',
    timeout: 120_000,
  });
  return { code: status, text: stdout + stderr };
}

function ok(...args: string[]): string {
  const { code, text } = ctr(...args);
  assert.equal(code, 0, `ctr ${args.join(' ')}:\n${text}\n${daemon.said.slice(-2000)}`);
  return text;
}

/** What is mounted below the daemon's folder. */
function mounts(): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[1] ?? '')
    .filter((target) => target.startsWith(daemon.folder));
}

function image(layers: readonly (readonly ImageFile[])[]): OciImage {
  return { os: 'linux', architecture: 'amd64', layers, compressed: true, config: { Cmd: ['/none'] } };
}

/** Imports an image; gives its name. */
async function put(name: string, layers: readonly (readonly ImageFile[])[]): Promise<string> {
  const path = join(daemon.folder, 'image.tar');
  writeFileSync(path, await ociArchive(new Map([[`example.com/${name}:1`, [image(layers)]]])));
  ok('images', 'import', path);
  return `example.com/${name}:1`;
}

function folder(name: string): string {
  const path = join(daemon.folder, name);
  mkdirSync(path);
  return path;
}

/** Runs the line that `ctr snapshots prepare --target` and its like print. */
function mountBy(line: string): void {
  const { status, stderr } = spawnSync('sh', ['-c', line], { encoding: 'utf8' });
  assert.equal(status, 0, `${line}: ${stderr}`);
}

before(async () => {
  if (ctr_path === '') console.log('there is no ctr here: nothing is tested');
  else daemon = await startDaemon();
});

after(async () => {
  if (ctr_path === '') return;
  for (const target of mounts().reverse()) unmount(target);
  await daemon.stop();
});

const many = Array.from({ length: layers_many }, (_, i): ImageFile[] => [
  { path: `layer-${i}`, bytes: String(i) },
  { path: 'last', bytes: String(i) },
]);

test('an image of 120 layers is imported, mounted and read', { timeout: 300_000 }, async () => {
  if (ctr_path === '' || !is_root) return;
  const name = await put('many', many);
  assert.deepEqual(readdirSync(join(daemon.root, 'snapshots/unpacked')), []);
  const target = folder('many');
  ok('images', 'mount', name, target);
  assert.equal(readdirSync(target).length, layers_many + 1);
  assert.equal(readFileSync(join(target, 'last'), 'utf8'), String(layers_many - 1));
  assert.throws(() => writeFileSync(join(target, 'last'), 'x'), { code: 'EROFS' });
  ok('images', 'unmount', '--rm', target);
  assert.deepEqual(mounts(), []);
});

test('what is written to a snapshot is committed, and images share what is unpacked', async () => {
  if (ctr_path === '' || !is_root) return;
  const base: ImageFile[] = [{ path: 'base', bytes: 'b' }];
  const first = await put('first', [base, [{ path: 'one', bytes: '1' }]]);
  await put('second', [base, [{ path: 'two', bytes: '2' }]]);
  const chain = /sha256:[0-9a-f]{64}/.exec(ok('images', 'mount', first, folder('first')))?.[0] ?? '';
  ok('images', 'mount', 'example.com/second:1', folder('second'));
  const target = folder('written');
  mountBy(ok('snapshots', 'prepare', '--target', target, 'work', chain));
  writeFileSync(join(target, 'mine'), 'm');
  unmount(target);
  ok('snapshots', 'commit', 'mine', 'work');
  mountBy(ok('snapshots', 'view', '--target', target, 'look', 'mine'));
  assert.deepEqual(readdirSync(target).sort(), ['base', 'mine', 'one']);
  unmount(target);
  assert.match(ok('snapshots', 'usage', '-b', 'mine'), /mine +8192 +2/);
  assert.match(ctr('snapshots', 'rm', 'mine').text, /cannot remove snapshot with child/);
  ok('snapshots', 'rm', 'look', 'mine');
  for (const name of ['first', 'second']) ok('images', 'unmount', '--rm', join(daemon.folder, name));
});

test(
  'a daemon that is killed while it unpacks leaves nothing half done and nothing mounted',
  { timeout: 300_000 },
  async () => {
    if (ctr_path === '' || !is_root) return;
    const files = Array.from({ length: 400 }, (_, i): ImageFile => ({ path: `f${i}`, bytes: 'x'.repeat(20_000) }));
    const name = await put('large', [files, [{ path: 'top', bytes: 't' }]]);
    const target = folder('large');
    for (const ms of [5, 40, 120]) {
      const address = join(daemon.state, 'containerd.sock');
      const child = spawn(ctr_path, ['-a', address, 'images', 'mount', name, target], { stdio: 'ignore' });
      const gone = new Promise((resolve) => child.once('exit', resolve));
      await sleep(ms);
      await daemon.kill();
      await gone;
      for (const each of mounts().reverse()) unmount(each);
      await daemon.start();
      ctr('snapshots', 'rm', target);
      assert.deepEqual(mounts(), []);
      const left = readdirSync(join(daemon.root, 'snapshots/unpacked'));
      assert.ok(
        left.every((each) => !each.startsWith('.')),
        left.join(' '),
      );
    }
    ok('images', 'mount', name, target);
    assert.equal(readdirSync(target).length, 401);
    ok('images', 'unmount', '--rm', target);
  },
);

test('who is not root gets no mounts, and is told so where an empty folder would be taken for the image', async () => {
  if (ctr_path === '' || is_root) return;
  const name = await put('small', [[{ path: 'a', bytes: 'a' }]]);
  assert.match(ok('snapshots', 'prepare', '--mounts', 'work'), /^(\[\]|null)\s*$/);
  const { code, text } = ctr('images', 'mount', name, folder('image'));
  assert.equal(code, 1);
  assert.match(text, /only root can mount/);
  ok('snapshots', 'commit', 'done', 'work');
  ok('snapshots', 'rm', 'done');
});
