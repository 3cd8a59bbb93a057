/** What is large goes through containerd's door as Go clients send and take it, and the daemon does not grow with it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { type Daemon, startDaemon } from '../daemon.ts';
import { temporaryFolder } from '../folder.ts';
import { memory_mb } from '../processes.ts';
import { helloImage, ociArchive } from './images.ts';
import { programsOf, versions } from './peer.ts';

const blob_mb = 500;
const image_mb = 200;
/** More than the daemon had before. */
const growth_mb_max = 150;

const folder = temporaryFolder('large-');
const blob = join(folder, 'blob');
const archive = join(folder, 'image.tar');
let digest = '';
let daemon: Daemon;

before(async () => {
  daemon = await startDaemon();
  const hash = createHash('sha256');
  const block = randomBytes(4_000_000);
  writeFileSync(blob, '');
  for (let written = 0; written < blob_mb; written += 4) {
    block.writeUInt32LE(written);
    hash.update(block);
    appendFileSync(blob, block);
  }
  digest = `sha256:${hash.digest('hex')}`;
  const files = [{ path: 'data', bytes: randomBytes(image_mb * 1_000_000) }];
  const hello = helloImage();
  const image = { ...hello, compressed: false, layers: [files, ...hello.layers] };
  writeFileSync(archive, await ociArchive(new Map([['example.com/large:1', [image]]])));
});

after(async () => {
  await daemon?.stop();
  rmSync(folder, { recursive: true, force: true });
});

for (const version of versions) {
  const programs = programsOf(version);
  if (programs === null) {
    console.log(`ctr ${version} is not here and cannot be fetched by this user: not tried`);
    continue;
  }
  test(`ctr ${version}: a blob of ${blob_mb} MB, there and back`, { timeout: 300_000 }, async () => {
    await bounded(async () => {
      await ctr(programs, `content ingest --expected-digest ${digest} blob < ${blob}`);
      await ctr(programs, `content get ${digest} | cmp - ${blob}`);
      await ctr(programs, `content rm ${digest}`);
    });
  });

  test(`ctr ${version}: an image of ${image_mb} MB is brought in and written out`, { timeout: 300_000 }, async () => {
    await bounded(async () => {
      await ctr(programs, `images import --no-unpack --all-platforms ${archive}`);
      await ctr(programs, `images export --all-platforms ${folder}/out.tar example.com/large:1`);
      await ctr(programs, 'images rm --sync example.com/large:1');
    });
  });
}

/** Looks at the daemon's memory while something is done. */
async function bounded(act: () => Promise<void>): Promise<void> {
  const before_mb = memory_mb(daemon.pid);
  let most_mb = before_mb;
  const timer = setInterval(() => (most_mb = Math.max(most_mb, memory_mb(daemon.pid))), 50);
  const from = performance.now();
  try {
    await act();
  } finally {
    clearInterval(timer);
  }
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  console.log(`${seconds} s; memory of the daemon from ${before_mb.toFixed(0)} to ${most_mb.toFixed(0)} MB at most`);
  assert.ok(most_mb - before_mb < growth_mb_max, `the daemon grew from ${before_mb} to ${most_mb} MB`);
}

async function ctr(programs: string, line: string): Promise<void> {
  const child = spawn('sh', ['-c', `exec 2>&1; "$0" -n large ${line}`, join(programs, 'ctr')], {
    env: { PATH: process.env['PATH'] ?? '', CONTAINERD_ADDRESS: join(daemon.state, 'containerd.sock') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 0, `ctr ${line}: ${said}`);
}
