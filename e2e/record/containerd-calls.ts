/**
 * Writes down what `ctr`, which is containerd's Go client, sends to a real containerd and gets for it, call by call:
 * `containerd-calls.ts 1.6|2`, as root. `e2e/ctr/replays.test.ts` sends the same to ours.
 */
import { spawn, spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { archives } from '../ctr/images.ts';
import { programsOf, startPeer, type Version } from '../ctr/peer.ts';
import { temporaryFolder } from '../folder.ts';
import { GrpcProxy, type Step } from './grpc-proxy.ts';

/** Lines of a shell by session; what a session leaves the next one finds. */
const sessions: readonly { readonly name: string; readonly lines: readonly string[] }[] = [
  {
    name: 'content: broken off, gone on with, written twice, removed',
    lines: [
      'yes words | head -c 60000 > all; head -c 20000 all > part',
      '{ cat part; sleep 1; } | timeout 0.5 ctr content ingest --expected-size 60000 slow',
      'ctr content active',
      'ctr content ingest --expected-size 60000 --expected-digest sha256:$(sha256sum < all | cut -d" " -f1) slow < all',
      'ctr content ingest again < all',
      'ctr content get sha256:$(sha256sum < all | cut -d" " -f1) > got',
      'ctr content label sha256:$(sha256sum < all | cut -d" " -f1) colour=green',
      'ctr content ls',
      'ctr content rm sha256:$(sha256sum < all | cut -d" " -f1)',
      'ctr content ingest --expected-digest sha256:0000000000000000000000000000000000000000000000000000000000000000 bad < part',
      'ctr content get sha256:0000000000000000000000000000000000000000000000000000000000000000',
    ],
  },
  {
    name: 'leases: made, listed, removed',
    lines: [
      'ctr leases create --id kept --expires 1h colour=green',
      'ctr leases create --id kept',
      'ctr leases ls',
      'ctr leases ls labels.colour==green',
      'ctr leases rm kept',
      'ctr leases rm kept',
    ],
  },
  {
    name: 'images: brought in, tagged, listed, let go',
    lines: [
      'ctr images import $LOCAL --no-unpack package.tar',
      'ctr images ls',
      'ctr images tag $LOCAL example.com/package:1 example.com/package:2',
      'ctr images label example.com/package:2 colour=green',
      'ctr images label example.com/package:2 colour=',
      'ctr images rm example.com/package:2',
      'ctr images check',
    ],
  },
  {
    name: 'snapshots: prepared, committed, viewed, removed',
    lines: [
      'ctr snapshots prepare one',
      'ctr snapshots commit done one',
      'ctr snapshots prepare two done',
      'ctr snapshots view seen done',
      'ctr snapshots label two colour=green',
      'ctr snapshots info two',
      'ctr snapshots ls',
      'ctr snapshots rm done',
      'ctr snapshots rm two seen done',
    ],
  },
  {
    name: 'containers: made of a configuration, labelled, removed',
    lines: [
      'printf \'{"ociVersion":"1.0.2","root":{"path":"/nowhere"}}\' > config.json',
      'ctr containers create --config config.json --label colour=green c',
      'ctr containers create --config config.json c',
      'ctr containers label c size=big',
      'ctr containers info c',
      'ctr containers ls',
      'ctr tasks ls',
      'ctr containers rm c',
      'ctr containers rm c',
    ],
  },
  {
    name: 'namespaces: made, labelled, removed',
    lines: [
      'ctr namespaces create replayed colour=green',
      'ctr namespaces create replayed',
      'ctr namespaces label replayed size=big',
      'ctr namespaces rm replayed',
    ],
  },
  { name: 'who serves', lines: ['ctr version'] },
];

const version = process.argv[2] as Version;
const programs = programsOf(version);
if (programs === null) throw new Error(`containerd ${version} is not here`);
const folder = temporaryFolder('rec-');
const socket = join(folder, 'p.sock');
const peer = startPeer(version);
const proxy = await GrpcProxy.start(socket, peer.socket);
try {
  for (const [name, bytes] of await archives()) writeFileSync(join(folder, name), bytes);
  const recorded: { name: string; steps: Step[] }[] = [];
  for (const { name, lines } of sessions) {
    const from = proxy.steps.length;
    for (const line of lines) await run(line);
    recorded.push({ name, steps: proxy.steps.slice(from) });
  }
  const path = join(import.meta.dirname, `../ctr/recorded/ctr-${version}.json`);
  writeFileSync(path, `${JSON.stringify({ version: about(), sessions: recorded }, null, 1)}\n`);
} finally {
  proxy.close();
  peer.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Runs a line beside the proxy, which lives in this process. */
async function run(line: string): Promise<void> {
  const child = spawn('sh', ['-c', line], {
    cwd: folder,
    stdio: 'ignore',
    env: {
      PATH: `${programs}:${process.env['PATH'] ?? ''}`,
      CONTAINERD_ADDRESS: socket,
      CONTAINERD_NAMESPACE: 'replay',
      // Otherwise the newer client leaves it to the server.
      LOCAL: version === '2' ? '--local' : '',
    },
  });
  await new Promise((resolve) => child.once('close', resolve));
  // What a client that went leaves is noted, too.
  await new Promise((resolve) => setTimeout(resolve, 50));
}

function about(): string {
  return spawnSync(join(programs!, 'ctr'), ['--version'], { encoding: 'utf8' }).stdout.trim();
}
