/** A containerd as it is, with our shim in its PATH, in a folder of its own; and what is left of both. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { bundle } from '../../tools/bundle.ts';
import { programsOf, type Version } from '../ctr/peer.ts';
import { temporaryFolder } from '../folder.ts';
import { imageArchive, layerTar } from '../image.ts';
import { endProcess, isAlive, processesNaming } from '../processes.ts';

const checkout = join(import.meta.dirname, '../..');

export const runtime = 'io.containerd.wherry.v1';
export const image = 'docker.io/library/guests:latest';

const bare_image = 'docker.io/library/bare:latest';

const modules = [
  ...['hello', 'wordcount', 'web'].map((name) => [name, `examples/${name}/${name}.wasm`] as const),
  ...['probe', 'wait', 'hog'].map((name) => [name, `e2e/guests/${name}.wasm`] as const),
];

export interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class RealContainerd {
  readonly version: Version;
  readonly folder: string;
  readonly socket: string;
  readonly namespace: string;
  readonly #programs: string;
  #process: ChildProcess | null = null;

  private constructor(version: Version, programs: string) {
    this.version = version;
    this.#programs = programs;
    this.folder = temporaryFolder('r-');
    this.socket = join(this.folder, 'c.sock');
    this.namespace = `wherry-${process.pid}-${version.replace('.', '')}`;
  }

  /** null where that version is not here, or this user may not start it. */
  static async start(version: Version): Promise<RealContainerd | null> {
    const programs = process.getuid!() === 0 ? programsOf(version) : null;
    if (programs === null) return null;
    await bundle(checkout);
    const made = new RealContainerd(version, programs);
    mkdirSync(join(made.folder, 'bin'));
    symlinkSync(join(checkout, 'dist/containerd-shim-wherry-v1'), join(made.folder, 'bin/containerd-shim-wherry-v1'));
    writeFileSync(join(made.folder, 'config.toml'), configuration(made.folder, made.socket));
    await made.run();
    await made.#importImage();
    return made;
  }

  /** Starts it, for the first time or again. */
  async run(): Promise<void> {
    const log = openSync(join(this.folder, 'log'), 'a');
    this.#process = spawn(join(this.#programs, 'containerd'), ['--config', join(this.folder, 'config.toml')], {
      detached: true,
      stdio: ['ignore', log, log],
      env: {
        ...process.env,
        PATH: [join(this.folder, 'bin'), this.#programs, process.env['PATH'] ?? ''].join(':'),
        WHERRY_STATE: join(this.folder, 'w'),
      },
    });
    this.#process.unref();
    for (let i = 0; i < 300; i++) {
      if ((await this.ctr(['version'])).status === 0) return;
      await sleep(100);
    }
    throw new Error(`containerd ${this.version} does not answer; its log is ${join(this.folder, 'log')}`);
  }

  /** As a machine that loses power would, but only it. */
  async kill(): Promise<void> {
    const pid = this.#process!.pid!;
    endProcess(pid);
    while (isAlive(pid)) await sleep(5);
  }

  /** `ctr` and the flags that every call of it has. */
  ctrWords(): readonly string[] {
    return [join(this.#programs, 'ctr'), '-a', this.socket, '-n', this.namespace];
  }

  /** `ctr` with these words in our namespace. */
  ctr(args: readonly string[], input?: string): Promise<Ran> {
    return new Promise((resolve) => {
      const child = execFile(
        this.ctrWords()[0]!,
        [...this.ctrWords().slice(1), ...args],
        // It passes SIGTERM on to what it runs.
        { timeout: 60_000, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024 },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : error.code;
          resolve({ status: typeof code === 'number' ? code : 137, stdout, stderr });
        },
      );
      if (input !== undefined) child.stdin!.write(input);
      child.stdin!.end();
    });
  }

  /** `ctr run` with our shim. */
  runModule(id: string, args: readonly string[], flags: readonly string[] = [], input?: string): Promise<Ran> {
    return this.ctr(['run', '--runtime', runtime, ...flags, image, id, ...args], input);
  }

  /** A task as `ctr task ls` prints it: its status and pid, null when it is not there. */
  async task(id: string): Promise<{ status: string; pid: number } | null> {
    const { stdout } = await this.ctr(['task', 'ls']);
    const words = stdout.split('\n').map((line) => line.trim().split(/\s+/));
    const [, pid, status] = words.find(([name]) => name === id) ?? [];
    return status === undefined ? null : { status, pid: Number(pid) };
  }

  async taskIs(id: string, status: string | null): Promise<void> {
    for (let i = 0; i < 200; i++) {
      if (((await this.task(id))?.status ?? null) === status) return;
      await sleep(50);
    }
    throw new Error(`task ${id} never became ${status}: it is ${JSON.stringify(await this.task(id))}`);
  }

  /** Ends a task, if it runs, and removes it and its container. */
  async remove(id: string): Promise<void> {
    if ((await this.task(id)) !== null) {
      await this.ctr(['task', 'kill', '-s', 'KILL', id]);
      for (let i = 0; i < 100 && (await this.task(id))?.status === 'RUNNING'; i++) await sleep(20);
      await this.ctr(['task', 'rm', '-f', id]);
    }
    await this.ctr(['container', 'rm', id]);
  }

  /** The folders that our shims have, and their pids. */
  shims(): readonly { readonly folder: string; readonly pid: number }[] {
    return processesNaming('--containerd')
      .map((pid) => ({ pid, words: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0') }))
      .filter(({ words }) => words.includes(this.socket) && words.includes('--folder'))
      .map(({ pid, words }) => ({ pid, folder: words[words.indexOf('--folder') + 1]! }));
  }

  /** What should not be there when no container is: a line each. Shims that wait for the next container are none. */
  leftovers(): readonly string[] {
    const bundles = join(this.folder, 'state/io.containerd.runtime.v2.task', this.namespace);
    const list = (folder: string): string[] => (existsSync(folder) ? readdirSync(folder) : []);
    const mounts = readFileSync('/proc/mounts', 'utf8').split('\n');
    return [
      // What containerd was removing when it was killed has a name with a dot, which it passes over from then on.
      ...list(bundles)
        .filter((name) => !name.startsWith('.'))
        .map((name) => `bundle ${name}`),
      ...mounts.filter((line) => line.includes(`${this.folder}/state`)).map((line) => `mount ${line}`),
      ...globSync(`/sys/fs/cgroup{,/*}/${this.namespace}`).map((path) => `cgroup ${path}`),
      ...this.shims().flatMap(({ folder }) =>
        list(join(folder, 'tasks')).map((name) => `record ${folder}/tasks/${name}`),
      ),
      ...this.shims().flatMap(({ folder }) =>
        list(join(folder, 'tmpfs')).map((name) => `folder ${folder}/tmpfs/${name}`),
      ),
    ];
  }

  /** What is left when all that takes its time has had it. */
  async cleared(): Promise<readonly string[]> {
    for (let i = 0; i < 200 && this.leftovers().length > 0; i++) await sleep(50);
    return this.leftovers();
  }

  /** Ends it and its shims, and removes its folder. */
  async stop(): Promise<void> {
    await this.kill();
    for (const { pid } of this.shims()) endProcess(pid);
    for (const line of readFileSync('/proc/mounts', 'utf8').split('\n').toReversed()) {
      const [, at = ''] = line.split(' ');
      if (at.startsWith(`${this.folder}/`)) await new Promise((resolve) => execFile('umount', ['-l', at], resolve));
    }
    rmSync(this.folder, { recursive: true, force: true });
    for (const path of globSync(`/sys/fs/cgroup{,/*}/${this.namespace}`)) {
      try {
        // runc leaves it.
        rmdirSync(path);
      } catch {
        // What was in it takes its time.
      }
    }
  }

  /** Imports hello as an image whose one layer is the module, and runs it. */
  async runBareModule(id: string): Promise<{ imported: Ran; ran: Ran }> {
    const archive = join(this.folder, 'bare.tar');
    writeFileSync(archive, await bareModuleArchive(readFileSync(join(checkout, 'examples/hello/hello.wasm'))));
    const platform = ['--platform', 'wasip1/wasm'];
    const imported = await this.ctr([
      'images',
      'import',
      ...(this.version === '2' ? ['--local'] : []),
      ...platform,
      archive,
    ]);
    return { imported, ran: await this.ctr(['run', '--rm', ...platform, '--runtime', runtime, bare_image, id]) };
  }

  /** Modules in a folder, for who has a root filesystem of their own. */
  get rootfs(): string {
    const folder = join(this.folder, 'rootfs');
    if (existsSync(folder)) return folder;
    mkdirSync(join(folder, 'bin'), { recursive: true });
    for (const [name, path] of modules) copyFileSync(join(checkout, path), join(folder, 'bin', `${name}.wasm`));
    return folder;
  }

  async #importImage(): Promise<void> {
    const read = (path: string): Buffer => readFileSync(join(checkout, path));
    const files = modules.map(([name, path]) => ({ path: `bin/${name}.wasm`, bytes: read(path), mode: 0o755 }));
    const busybox = ['/usr/bin/busybox', '/bin/busybox'].find((path) => existsSync(path));
    const linux = busybox === undefined ? [] : [{ path: 'bin/busybox', bytes: readFileSync(busybox), mode: 0o755 }];
    const platform = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' };
    const archive = join(this.folder, 'image.tar');
    const base = [
      { path: 'etc/motd', bytes: 'from the image\n' },
      { path: 'data', dir: true as const },
    ];
    writeFileSync(
      archive,
      await imageArchive({
        ...platform,
        tag: image,
        entrypoint: ['/bin/hello.wasm'],
        layers: [base, [...files, ...linux]],
      }),
    );
    const { status, stderr } = await this.ctr([
      'images',
      'import',
      ...(this.version === '2' ? ['--local'] : []),
      archive,
    ]);
    if (status !== 0) throw new Error(`the image could not be imported: ${stderr}`);
  }
}

/** An OCI layout, in a tar, of an image that has a module for its layer and names no diff id. */
async function bareModuleArchive(module: Uint8Array): Promise<Buffer> {
  const describe = (mediaType: string, bytes: Uint8Array): { mediaType: string; digest: string; size: number } => ({
    mediaType,
    digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    size: bytes.length,
  });
  const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
  const platform = { architecture: 'wasm', os: 'wasip1' };
  const config = json({
    ...platform,
    config: { Entrypoint: ['/hello.wasm'] },
    rootfs: { type: 'layers', diff_ids: [] },
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: describe('application/vnd.oci.image.config.v1+json', config),
    layers: [describe('application/vnd.wasm.content.layer.v1+wasm', module)],
  });
  const annotations = { 'io.containerd.image.name': bare_image };
  const entry = { ...describe('application/vnd.oci.image.manifest.v1+json', manifest), platform, annotations };
  const blobs = [config, manifest, module].map((bytes) => ({
    path: `blobs/sha256/${describe('', bytes).digest.slice('sha256:'.length)}`,
    bytes,
  }));
  return await layerTar([
    { path: 'oci-layout', bytes: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', bytes: json({ schemaVersion: 2, manifests: [entry] }) },
    ...blobs,
  ]);
}

function configuration(folder: string, socket: string): string {
  return `version = 2
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = [
  "io.containerd.grpc.v1.cri", "io.containerd.nri.v1.nri",
  "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.erofs",
  "io.containerd.differ.v1.erofs",
]
[grpc]
address = "${socket}"
[ttrpc]
address = "${socket}.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
path = "${folder}/opt"
`;
}
