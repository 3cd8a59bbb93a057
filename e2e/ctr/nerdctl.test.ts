/**
 * What `nerdctl` calls, where it is not to be had as a package: `run -d --name`, `ps`, `exec`, `stop`, `rm` and `namespace
 * ls`, with its labels, its hook for the network and its logger, for our daemon and, as root, for a containerd.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import {
  ContainersService,
  ContentService,
  ImagesService,
  LeasesService,
  NamespacesService,
  SnapshotsService,
  TasksService,
} from '../../src/wire/services.ts';
import { temporaryFolder } from '../folder.ts';
import { waitUntil } from '../processes.ts';
import { Client } from './client.ts';
import { busyboxImage, ociArchive } from './images.ts';
import { programsOf, type Version } from './peer.ts';
import { ourSide, peerSide, type Side } from './sides.ts';

const image = 'example.com/busybox:1';
const snapshotter = 'overlayfs';
const spec_url = 'types.containerd.io/opencontainers/runtime-spec/1/Spec';
const process_url = 'types.containerd.io/opencontainers/runtime-spec/1/Process';
const is_root = process.getuid?.() === 0;
const version: Version | undefined = (['2', '1.6'] as const).find((each) => programsOf(each) !== null);
const busybox = busyboxImage(true);

if (!is_root || version === undefined || busybox === null)
  console.log('not here: nerdctl runs Linux containers by runc, which needs root, containerd and a static busybox');
else {
  const folder = temporaryFolder('nerd-');
  const programs = programsOf(version)!;
  const sides: Side[] = [];
  before(async () => {
    sides.push(await ourSide(programs), peerSide(version));
    writeFileSync(join(folder, 'busybox.tar'), await ociArchive(new Map([[image, [busybox]]])));
  });
  after(async () => {
    for (const side of sides) await side.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  for (const [at, name] of ['ours', 'a containerd'].entries())
    test(`the life of a container, by ${name}`, { timeout: 120_000 }, async () => {
      const own = join(folder, String(at));
      mkdirSync(own);
      await life(sides[at]!, join(programs, 'ctr'), join(folder, 'busybox.tar'), own);
    });
}

async function life(side: Side, ctr: string, archive: string, folder: string): Promise<void> {
  const namespace = `${side.letter}-nerd`;
  const imported = spawnSync(ctr, ['-a', side.socket, '-n', namespace, 'images', 'import', archive], {
    encoding: 'utf8',
  });
  assert.equal(imported.status, 0, imported.stderr);
  const client = new Client(side.socket, namespace);
  const leased = new Client(side.socket, namespace, { 'containerd-lease': 'nerd' });
  try {
    const { args, env, chain } = await imageOf(client);
    const id = randomBytes(32).toString('hex');
    await client.call(LeasesService.method.create, {
      id: 'nerd',
      labels: { 'containerd.io/gc.expire': new Date(Date.now() + 86_400_000).toISOString() },
    });
    await leased.call(SnapshotsService.method.prepare, { snapshotter, key: id, parent: chain });
    const labels: Record<string, string> = {
      'nerdctl/namespace': namespace,
      'nerdctl/name': 'web',
      'nerdctl/hostname': id.slice(0, 12),
      'nerdctl/state-dir': folder,
      'nerdctl/networks': '["bridge"]',
      'nerdctl/platform': 'linux/amd64',
    };
    const container = {
      id,
      image,
      labels,
      runtime: { name: 'io.containerd.runc.v2' },
      spec: { typeUrl: spec_url, value: Buffer.from(JSON.stringify(specOf(id, args, env, labels, folder))) },
      snapshotter,
      snapshotKey: id,
    };
    await leased.call(ContainersService.method.create, { container });
    await client.call(LeasesService.method.delete, { id: 'nerd' });
    // Labels are set once more, as a whole.
    const more = { ...labels, 'nerdctl/log-uri': loggerOf(folder) };
    await client.call(ContainersService.method.update, { container: { ...container, labels: more } });

    const { mounts } = await client.call(SnapshotsService.method.mounts, { snapshotter, key: id });
    const log = loggerOf(folder);
    const { pid } = await client.call(TasksService.method.create, {
      containerId: id,
      rootfs: mounts,
      stdout: log,
      stderr: log,
    });
    const state = JSON.parse(readFileSync(join(folder, 'hook'), 'utf8')) as { id: string; pid: number };
    assert.equal(state.id, id);
    assert.equal(state.pid, pid);
    const ended = client.call(TasksService.method.wait, { containerId: id });
    await client.call(TasksService.method.start, { containerId: id });
    await waitUntil('the logger has what was printed', 20_000, () => {
      const written = join(folder, 'logged');
      return existsSync(written) && readFileSync(written, 'utf8').includes('started');
    });

    const filters = ['labels."nerdctl/name"==web', `id~=^${id.slice(0, 12)}.*$`];
    const { containers } = await client.call(ContainersService.method.list, { filters });
    assert.deepEqual(
      containers.map((each) => each.labels['nerdctl/log-uri']),
      [log],
    );
    const running = await client.call(TasksService.method.get, { containerId: id });
    assert.equal(running.process?.pid, pid);

    const execId = randomBytes(32).toString('hex');
    const program = { args: ['sh', '-c', 'exit 7'], cwd: '/', env, user: { uid: 0, gid: 0 } };
    await client.call(TasksService.method.exec, {
      containerId: id,
      execId,
      spec: { typeUrl: process_url, value: Buffer.from(JSON.stringify(program)) },
    });
    const exec_ended = client.call(TasksService.method.wait, { containerId: id, execId });
    await client.call(TasksService.method.start, { containerId: id, execId });
    assert.equal((await exec_ended).exitStatus, 7);
    await client.call(TasksService.method.deleteProcess, { containerId: id, execId });

    await client.call(TasksService.method.kill, { containerId: id, signal: 15 });
    assert.equal((await ended).exitStatus, 3);
    await client.call(TasksService.method.delete, { containerId: id });
    await client.call(SnapshotsService.method.remove, { snapshotter, key: id });
    await client.call(ContainersService.method.delete, { id });

    const { namespaces } = await client.call(NamespacesService.method.list, {});
    assert.ok(namespaces.some(({ name }) => name === namespace));
    assert.deepEqual((await client.call(ContainersService.method.list, {})).containers, []);
    assert.equal((await client.call(ImagesService.method.list, {})).images.length, 1);
  } finally {
    client.close();
    leased.close();
  }
}

/** What the image says is run, and the name of the snapshot of its layers, as a client finds them out. */
async function imageOf(client: Client): Promise<{ args: string[]; env: string[]; chain: string }> {
  const { images } = await client.call(ImagesService.method.list, { filters: [`name==${image}`] });
  const manifest = await json<{ config: { digest: string } }>(client, images[0]!.target!.digest);
  const config = await json<{ config: { Env: string[] }; rootfs: { diff_ids: string[] } }>(
    client,
    manifest.config.digest,
  );
  const chain = config.rootfs.diff_ids.reduce(
    (parent, diff_id) => `sha256:${createHash('sha256').update(`${parent} ${diff_id}`).digest('hex')}`,
  );
  const { info } = await client.call(SnapshotsService.method.stat, { snapshotter, key: chain });
  assert.equal(info?.name, chain);
  const args = ['sh', '-c', 'trap "exit 3" TERM; echo started; while :; do sleep 0.1; done'];
  return { args, env: config.config.Env, chain };
}

async function json<T>(client: Client, digest: string): Promise<T> {
  const pieces: Uint8Array[] = [];
  for await (const { data } of client.read(ContentService.method.read, { digest })) pieces.push(data);
  return JSON.parse(String(Buffer.concat(pieces))) as T;
}

/** A program of the host that the runtime runs once there are namespaces: where nerdctl sets the network up. */
function specOf(id: string, args: string[], env: string[], annotations: object, folder: string): object {
  const hook = script(folder, 'hook.sh', `cat > ${folder}/hook`);
  return {
    ociVersion: '1.0.2',
    process: { args, env, cwd: '/', user: { uid: 0, gid: 0 } },
    root: { path: 'rootfs' },
    hostname: id.slice(0, 12),
    annotations,
    mounts: [{ destination: '/proc', type: 'proc', source: 'proc' }],
    hooks: { createRuntime: [{ path: hook, args: [hook, 'internal', 'oci-hook', 'createRuntime'] }] },
    linux: {
      cgroupsPath: `/nerd/${id}`,
      namespaces: ['pid', 'mount', 'ipc', 'uts', 'network'].map((type) => ({ type })),
    },
  };
}

/** nerdctl itself is the program that writes what a container prints. */
function loggerOf(folder: string): string {
  const logger = script(folder, 'logger.sh', `echo ready >&5; exec 5>&-; cat <&3 > ${folder}/logged`);
  return `binary://${logger}?_NERDCTL_INTERNAL_LOGGING=${encodeURIComponent(folder)}`;
}

function script(folder: string, name: string, line: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
  return path;
}
