/** `docker exec` with the real CLI: another program of the image, the shell for images that have none, and what dies. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';

import { checkout, type Daemon, startDaemon } from './daemon.ts';
import { imageArchive } from './image.ts';
import { waitUntil } from './processes.ts';

const guests = join(checkout, 'e2e/guests');
const patience_ms = 20_000;

let daemon: Daemon;

before(async () => {
  daemon = await startDaemon();
  const module = (name: string) => readFileSync(join(guests, `${name}.wasm`));
  const archive = await imageArchive({
    tag: 'two:latest',
    entrypoint: ['/bin/probe.wasm'],
    cmd: ['stay'],
    env: ['PATH=/bin', 'COLOUR=blue'],
    files: [
      { path: '/bin/probe.wasm', bytes: module('probe'), mode: 0o755 },
      { path: '/bin/ticker.wasm', bytes: module('ticker'), mode: 0o755 },
      { path: '/etc/passwd', bytes: 'root:x:0:0::/:\nworker:x:1000:1000::/home:\n' },
      { path: '/etc/group', bytes: 'root:x:0:\nworker:x:1000:\n' },
    ],
  });
  await daemon.ok(['load'], { input: archive });
});
after(async () => await daemon.stop());

async function runs(name: string): Promise<void> {
  await daemon.ok(['run', '-d', '--name', name, 'two']);
}

/** What `docker exec` printed, and its exit code. */
async function exec(...args: string[]): Promise<readonly [code: number, stdout: string, stderr: string]> {
  const { code, stdout, stderr } = await daemon.docker(['exec', ...args]);
  return [code, stdout.toString(), stderr];
}

test('runs another program of the image, with its streams and exit code', async () => {
  await runs('one');
  assert.deepEqual(await exec('one', 'ticker', '1000', '3', '9'), [9, '1\n2\n3\n', '']);
  assert.deepEqual(await exec('one', 'probe', 'cat', '/none'), [1, '', 'probe: /none: No such file or directory\n']);
  assert.deepEqual(await exec('-e', 'A=1', 'one', 'probe', 'env', 'A', 'COLOUR'), [0, 'A=1\nCOLOUR=blue\n', '']);
  assert.deepEqual(await exec('-u', 'worker', '-w', '/tmp', 'one', 'sh', '-c', 'id -un; pwd'), [
    0,
    'worker\n/tmp\n',
    '',
  ]);
  const typed = await daemon.ok(['exec', '-i', 'one', 'probe', 'line'], { input: 'typed\n' });
  assert.match(typed, /typed/);
  const missing = await exec('one', 'nope');
  assert.equal(missing[0], 127);
  assert.match(missing[1] + missing[2], /exec failed: .*exec: "nope": executable file not found in \$PATH/);
  const [unknown_user] = await exec('-u', 'nobody', 'one', 'probe', 'exit', '0');
  assert.notEqual(unknown_user, 0);
  await daemon.ok(['rm', '-f', 'one']);
  assert.match((await exec('one', 'probe'))[2], /No such container: one/);
});

test('the container and its execs see each other’s files', async () => {
  await daemon.ok(['run', '-d', '--name', 'shared', '-v', 'vol:/vol', 'two']);
  assert.equal((await exec('shared', 'probe', 'write', '/vol/a', 'one'))[0], 0);
  assert.deepEqual(await exec('shared', 'sh', '-c', 'cat /vol/a; echo two > /b'), [0, 'one\n', '']);
  assert.deepEqual(await exec('shared', 'probe', 'cat', '/b'), [0, 'two\n', '']);
  await daemon.ok(['rm', '-f', '-v', 'shared']);
  assert.equal(await daemon.ok(['run', '--rm', '-v', 'vol:/vol', 'two', 'cat', '/vol/a']), 'one\n');
});

test('detached, it goes on by itself', async () => {
  await runs('detached');
  assert.equal(await daemon.ok(['exec', '-d', 'detached', 'sh', '-c', 'sleep 0.2; echo done > /tmp/done']), '');
  await waitUntil('it is done', patience_ms, async () => (await exec('detached', 'cat', '/tmp/done'))[1] === 'done\n');
  await daemon.ok(['rm', '-f', 'detached']);
});

test('an image without a shell has one', async () => {
  await runs('bare');
  assert.deepEqual(await exec('bare', 'sh', '-c', 'ls / | head'), [0, 'bin\ndev\netc\ntmp\n', '']);
  assert.deepEqual(await exec('bare', 'ls', '/bin'), [0, 'probe.wasm\nticker.wasm\n', '']);
  const script = 'for n in 1 2 3; do probe args $n; done | tr -d "[]" | tail -n 2\nexit 5\n';
  const { code, stdout } = await daemon.docker(['exec', '-i', 'bare', '/bin/bash'], { input: script });
  assert.deepEqual([code, stdout.toString()], [5, '2\n3\n']);
  await daemon.ok(['rm', '-f', 'bare']);
});

test('it ends with its container', async () => {
  await runs('ending');
  let said = '';
  const execution = daemon.docker(['exec', 'ending', 'probe', 'stay'], {
    onOutput: (chunk) => (said += String(chunk)),
  });
  await waitUntil('it runs', patience_ms, () => said.includes('ready'));
  assert.match(await daemon.ok(['top', 'ending']), /probe.wasm stay\n[^]*probe stay/);
  await daemon.ok(['kill', 'ending']);
  assert.equal((await execution).code, 137);
  await daemon.ok(['rm', 'ending']);
});

test('it keeps its client when the daemon is killed', async () => {
  await runs('kept');
  let said = '';
  const input = new PassThrough();
  const execution = daemon.docker(['exec', '-i', 'kept', 'sh'], {
    input,
    onOutput: (chunk) => (said += String(chunk)),
  });
  input.write('echo ready\n');
  await waitUntil('it runs', patience_ms, () => said.includes('ready'));
  await daemon.kill();
  input.write('echo still there\n');
  await waitUntil('it answers without a daemon', patience_ms, () => said.includes('still there'));
  await daemon.start();
  input.write('echo and again > /tmp/again; echo written\n');
  await waitUntil('it answers beside the next one', patience_ms, () => said.includes('written'));
  assert.deepEqual(await exec('kept', 'cat', '/tmp/again'), [0, 'and again\n', '']);
  input.end('exit 0\n');
  await execution;
  await daemon.ok(['rm', '-f', 'kept']);
});

test('docker pause holds all of it, and docker unpause lets it go on', async () => {
  await runs('held');
  await daemon.ok(['pause', 'held']);
  assert.match(await daemon.ok(['ps', '--format', '{{.Status}}', '--filter', 'name=held']), /\(Paused\)/);
  assert.match((await exec('held', 'ls'))[2], /Container held is paused, unpause the container before exec/);
  await daemon.ok(['unpause', 'held']);
  assert.equal((await exec('held', 'true'))[0], 0);
  await daemon.ok(['pause', 'held']);
  await daemon.ok(['stop', 'held']);
  await daemon.ok(['rm', 'held']);
});
