/**
 * containerd's door beside a real containerd with runc, in one run and by the same `ctr`: `npm run bench -- containerd`.
 * The peer needs root; without it only ours is measured. `docker run` of a Linux image is beside Docker's where an engine
 * is at hand (`DOCKER_BENCH_SOCKET`).
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Client } from '../e2e/ctr/client.ts';
import { busyboxImage, dockerBusybox, helloImage, wasmImage, ociArchive, type OciImage } from '../e2e/ctr/images.ts';
import { type Peer, programsOf, startPeer, type Version } from '../e2e/ctr/peer.ts';
import { temporaryFolder } from '../e2e/folder.ts';
import { ContainersService, EventsService, SnapshotsService, VersionService } from '../src/wire/services.ts';
import { type BenchDaemon, exists, pss, shimPids, sleep, startDaemon } from './engine.ts';
import { Table } from './table.ts';

export interface Options {
  readonly runs: number;
  readonly quick: boolean;
  readonly format: 'table' | 'json';
}

/** A daemon that is measured, and `ctr` pointed at it. */
interface Side {
  readonly socket: string;
  readonly client: Client;
}

const busybox = 'example.com/busybox:1';
const hello = 'example.com/hello:latest';
const clock = 'example.com/clock:latest';
const none: readonly string[] = [];

export async function containerd({ runs, quick, format }: Options): Promise<void> {
  const version = (['2', '1.6'] as const).find((each: Version) => programsOf(each) !== null);
  if (version === undefined) throw new Error('there is no ctr here (Debian: containerd)');
  const bench = await Bench.start(version, { runs, quick, format });
  try {
    await bench.all();
  } finally {
    await bench.stop();
  }
}

class Bench {
  readonly #ctr: string;
  readonly #runs: number;
  readonly #quick: boolean;
  readonly #table: Table;
  readonly #daemon: BenchDaemon;
  readonly #peer: Peer | null;
  readonly #ours: Side;
  readonly #theirs: Side | null;
  readonly #folder = temporaryFolder('bench-');
  #number = 0;

  private constructor(ctr: string, daemon: BenchDaemon, peer: Peer | null, title: string, options: Options) {
    this.#ctr = ctr;
    this.#runs = options.runs;
    this.#quick = options.quick;
    this.#table = new Table(title, options.format);
    this.#daemon = daemon;
    this.#peer = peer;
    this.#ours = side(join(daemon.state, 'containerd.sock'));
    this.#theirs = peer === null ? null : side(peer.socket);
  }

  static async start(version: Version, options: Options): Promise<Bench> {
    const programs = programsOf(version)!;
    const is_root = process.getuid?.() === 0;
    const peer = is_root ? startPeer(version) : null;
    process.env['PATH'] = `${programs}:${process.env['PATH'] ?? ''}`;
    const title = `ctr and runc of containerd ${version}; ${peer === null ? 'no containerd without root' : 'beside that containerd'}`;
    return new Bench(join(programs, 'ctr'), await startDaemon(), peer, title, options);
  }

  async stop(): Promise<void> {
    this.#table.end();
    for (const each of this.#sides()) each.client.close();
    this.#peer?.stop();
    await this.#daemon.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async all(): Promise<void> {
    await this.#images();
    await this.#calls();
    await this.#ingest();
    this.#runsOfCtr();
    await this.#parallel();
    await this.#memory();
    await this.#firstRun();
    await this.#docker();
  }

  async #images(): Promise<void> {
    const linux = busyboxImage(true);
    await this.#archive('hello', hello, helloImage());
    this.#do(this.#ours, 'images', 'import', '--no-unpack', '--all-platforms', this.#path('hello'));
    await this.#archive('clock', clock, wasmImage('clock'));
    this.#do(this.#ours, 'images', 'import', '--no-unpack', '--all-platforms', this.#path('clock'));
    if (linux === null) return this.#table.note('no static busybox here (Debian: busybox-static): no Linux image');
    await this.#archive('busybox', busybox, linux);
    if (this.#theirs === null) return;
    for (const each of this.#sides()) this.#do(each, 'images', 'import', this.#path('busybox'));
  }

  async #calls(): Promise<void> {
    const times = this.#runs * 10;
    const each = async (name: string, act: (side: Side) => Promise<unknown>): Promise<void> => {
      const took = await this.#beside(times, act);
      this.#table.add(name, 'ms', took.ours, took.theirs);
    };
    await each('Version call', ({ client }) => client.call(VersionService.method.version, {}));
    await each('container Create', async ({ client }) => {
      await client.call(ContainersService.method.create, {
        container: {
          id: this.#name(),
          runtime: { name: 'io.containerd.runc.v2' },
          spec: { typeUrl: 'types.containerd.io/opencontainers/runtime-spec/1/Spec', value: Buffer.from('{}') },
        },
      });
    });
    await each('snapshot Prepare', ({ client }) =>
      client.call(SnapshotsService.method.prepare, { snapshotter: 'overlayfs', key: this.#name() }),
    );
    const delays = await this.#events(times);
    this.#table.add('event to subscriber', 'ms', delays.ours, delays.theirs);
  }

  async #events(times: number): Promise<Both> {
    const subscribers = this.#sides().map(({ client }) => {
      const stream = client.read(EventsService.method.subscribe, { filters: ['topic=="/bench"'] });
      return stream;
    });
    const pending = subscribers.map((stream) => stream.next());
    await sleep(300);
    const took = await this.#beside(times, async (each) => {
      const at = this.#sides().indexOf(each);
      const typeUrl = 'containerd.events.NamespaceCreate';
      await Promise.all([
        pending[at],
        each.client.call(EventsService.method.publish, {
          topic: '/bench',
          event: { typeUrl, value: new Uint8Array() },
        }),
      ]);
      pending[at] = subscribers[at]!.next();
    });
    for (const [at, stream] of subscribers.entries()) {
      pending[at]!.catch(() => {});
      stream.return(undefined).catch(() => {});
    }
    return took;
  }

  async #ingest(): Promise<void> {
    const mb = this.#quick ? 32 : 128;
    const path = join(this.#folder, 'blob');
    const took = await this.#beside(this.#quick ? 2 : 5, async (each) => {
      // Not the same bytes, which a store has already.
      writeFileSync(path, randomBytes(mb * 1e6));
      const from = performance.now();
      const { status, stderr } = spawnSync('sh', [
        '-c',
        `exec "$0" -a "$1" content ingest "$2" < "$3"`,
        this.#ctr,
        each.socket,
        this.#name(),
        path,
      ]);
      if (status !== 0) throw new Error(`ctr content ingest: ${String(stderr)}`);
      return performance.now() - from;
    });
    const speed = (ms: number): number => mb / (ms / 1000);
    this.#table.add(`ctr content ingest, ${mb} MB`, 'MB/s', took.ours.map(speed), took.theirs?.map(speed));
  }

  #runsOfCtr(): void {
    const wasm: number[] = [];
    const linux: number[] = [];
    const theirs: number[] = [];
    const own: number[] = [];
    for (let i = 0; i < this.#runs + 1; i++) {
      const took = [
        this.#do(this.#ours, 'run', '--rm', '--platform', 'wasi/wasm', hello, this.#name()),
        this.#theirs === null ? 0 : this.#do(this.#ours, 'run', '--rm', busybox, this.#name(), 'true'),
        this.#theirs === null ? 0 : this.#do(this.#theirs, 'run', '--rm', busybox, this.#name(), 'true'),
        this.#do(this.#ours, 'version'),
      ] as const;
      // The first of each warms what a day's first run warms.
      if (i === 0) continue;
      wasm.push(took[0]);
      linux.push(took[1]);
      theirs.push(took[2]);
      own.push(took[3]);
    }
    const beside = this.#theirs === null ? null : theirs;
    this.#table.add('ctr run --rm: ours Wasm, theirs Linux', 'ms', wasm, beside);
    if (beside !== null) this.#table.add('ctr run --rm: Linux, both by runc', 'ms', linux, beside);
    this.#table.add('  of it ctr alone: ctr version', 'ms', own);
    if (beside !== null) this.#table.add('  of it what ctr mounts for itself: mount, umount', 'ms', this.#mounting());
  }

  /** What `ctr run` does to read the image's users: the snapshot is mounted and unmounted. */
  #mounting(): number[] {
    const key = this.#name();
    const target = join(this.#folder, 'm');
    mkdirSync(target, { recursive: true });
    const chain = spawnSync(this.#ctr, ['-a', this.#peer!.socket, 'snapshots', 'ls'], { encoding: 'utf8' }).stdout;
    const parent = /^(sha256:\S+) +sha256:\S+ +Committed/m.exec(chain)?.[1];
    const { stdout } = spawnSync(
      this.#ctr,
      [
        '-a',
        this.#peer!.socket,
        'snapshots',
        'view',
        ...(parent === undefined ? none : ['--target', target]),
        key,
        ...(parent === undefined ? none : [parent]),
      ],
      { encoding: 'utf8' },
    );
    const took: number[] = [];
    for (let i = 0; i < 10 && stdout.startsWith('mount'); i++) {
      const from = performance.now();
      spawnSync('sh', ['-c', `${stdout.trim()} && umount "$0"`, target]);
      took.push(performance.now() - from);
    }
    return took;
  }

  async #parallel(): Promise<void> {
    const count = this.#quick ? 10 : 50;
    const round = async (each: Side, ...what: readonly string[]): Promise<number> => {
      const names = Array.from({ length: count }, () => this.#name());
      const from = performance.now();
      await Promise.all(
        names.map((name) =>
          ended(
            spawn(this.#ctr, [
              '-a',
              each.socket,
              'run',
              '-d',
              '--null-io',
              ...what.map((word) => (word === '' ? name : word)),
            ]),
          ),
        ),
      );
      const took = count / ((performance.now() - from) / 1000);
      await sleep(1000);
      for (const name of names) {
        spawnSync(this.#ctr, ['-a', each.socket, 'tasks', 'rm', '-f', name]);
        spawnSync(this.#ctr, ['-a', each.socket, 'containers', 'rm', name]);
      }
      return took;
    };
    const wasm = await round(this.#ours, '--platform', 'wasi/wasm', hello, '');
    if (this.#theirs === null) return this.#table.add(`${count} parallel ctr run -d: Wasm`, '/s', [wasm]);
    const theirs = await round(this.#theirs, busybox, '', 'true');
    const linux = await round(this.#ours, busybox, '', 'true');
    this.#table.add(`${count} parallel ctr run -d: ours Wasm, theirs Linux`, '/s', [wasm], [theirs]);
    this.#table.add(`${count} parallel ctr run -d: Linux, both by runc`, '/s', [linux], [theirs]);
  }

  async #memory(): Promise<void> {
    const count = this.#quick ? 2 : 10;
    const names = Array.from({ length: count }, () => this.#name());
    const run = (each: Side, ...what: readonly string[]): void => {
      for (const name of names)
        this.#do(each, 'run', '-d', '--null-io', ...what.map((word) => (word === '' ? name : word)));
    };
    run(this.#ours, '--platform', 'wasi/wasm', clock, '');
    if (this.#theirs !== null) run(this.#theirs, busybox, '', 'sleep', '100');
    await sleep(1000);
    const sum = (pids: readonly number[]): number[] => [pids.map(pss).reduce((a, b) => a + b, 0)];
    const theirs = this.#theirs === null ? null : sum(processes(`-address\0${this.#theirs.socket}`));
    const ours = sum(shimPids(this.#daemon.state));
    this.#table.add(`memory of the shims of ${count} containers: ours Wasm`, 'MB', ours, theirs);
    this.#table.add(
      'memory of the daemon',
      'MB',
      [pss(this.#daemon.pid)],
      this.#peer === null ? null : processes(join(this.#peer.folder, 'config.toml')).map(pss),
    );
    for (const { socket } of this.#sides())
      for (const name of names) {
        spawnSync(this.#ctr, ['-a', socket, 'tasks', 'rm', '-f', name]);
        spawnSync(this.#ctr, ['-a', socket, 'containers', 'rm', name]);
      }
  }

  /** A large image: from its archive to the end of its first container. */
  async #firstRun(): Promise<void> {
    const mb = this.#quick ? 40 : 200;
    const wasm = helloImage();
    const linux = busyboxImage(false);
    /** Other bytes each time: a store keeps what it has already once. */
    const first = async (each: Side, name: string, image: OciImage): Promise<[number, number]> => {
      const files = Array.from({ length: 40 }, (_, at) => ({
        path: `data/${at}`,
        bytes: randomBytes((mb * 1e6) / 40),
      }));
      await this.#archive('big', name, { ...image, compressed: false, layers: [files, ...image.layers] });
      const is_wasm = image.os === 'wasi';
      const how = is_wasm ? ['--no-unpack', '--all-platforms'] : none;
      const run = is_wasm ? ['--platform', 'wasi/wasm', name, this.#name()] : [name, this.#name(), 'true'];
      return [this.#do(each, 'images', 'import', ...how, this.#path('big')), this.#do(each, 'run', '--rm', ...run)];
    };
    const show = (what: string, ours: [number, number], theirs: [number, number] | null): void => {
      const total = ([brought_in, run]: [number, number]): number[] => [brought_in + run];
      this.#table.add(
        `import of ${mb} MB + first run: ${what}`,
        'ms',
        total(ours),
        theirs === null ? null : total(theirs),
      );
      this.#table.add('  of it the first run', 'ms', [ours[1]], theirs === null ? null : [theirs[1]]);
    };
    const ours = await first(this.#ours, 'example.com/big-wasm:1', wasm);
    if (this.#theirs === null || linux === null) return show('Wasm', ours, null);
    const theirs = await first(this.#theirs, 'example.com/big:1', linux);
    show('ours Wasm', ours, theirs);
    show('Linux, runc', await first(this.#ours, 'example.com/big:1', linux), theirs);
  }

  async #docker(): Promise<void> {
    const peer = process.env['DOCKER_BENCH_SOCKET'];
    if (!exists('docker') || this.#theirs === null) return;
    const run = (socket: string): number => {
      const from = performance.now();
      const { status, stderr } = spawnSync('docker', [
        '-H',
        `unix://${socket}`,
        'run',
        '--rm',
        'busybox-bench',
        'true',
      ]);
      if (status !== 0) throw new Error(`docker run on ${socket} ended with ${status}: ${String(stderr)}`);
      return performance.now() - from;
    };
    const archive = await dockerBusybox('busybox-bench:latest');
    for (const socket of [this.#daemon.socket, ...(peer === undefined ? [] : [peer])])
      spawnSync('docker', ['-H', `unix://${socket}`, 'load'], { input: archive });
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let i = 0; i < this.#runs + 1; i++) {
      const took = [run(this.#daemon.socket), peer === undefined ? 0 : run(peer)] as const;
      if (i === 0) continue;
      ours.push(took[0]);
      theirs.push(took[1]);
    }
    if (peer === undefined)
      this.#table.note('no Docker engine here (DOCKER_BENCH_SOCKET): its docker run is not measured');
    this.#table.add('docker run --rm of a Linux image', 'ms', ours, peer === undefined ? null : theirs);
  }

  #sides(): Side[] {
    return this.#theirs === null ? [this.#ours] : [this.#ours, this.#theirs];
  }

  /** Milliseconds of an act on both sides, taking turns; what the act gives stands for its time. */
  async #beside(times: number, act: (each: Side) => Promise<unknown>): Promise<Both> {
    const took = this.#sides().map((): number[] => []);
    for (let i = 0; i < times + 1; i++)
      for (const [at, each] of this.#sides().entries()) {
        const from = performance.now();
        const own = await act(each);
        const ms = typeof own === 'number' ? own : performance.now() - from;
        if (i > 0) took[at]!.push(ms);
      }
    return { ours: took[0]!, theirs: took[1] ?? null };
  }

  async #archive(file: string, name: string, image: OciImage): Promise<void> {
    writeFileSync(this.#path(file), await ociArchive(new Map([[name, [image]]])));
  }

  #path(file: string): string {
    return join(this.#folder, `${file}.tar`);
  }

  #name(): string {
    return `bench-${this.#number++}`;
  }

  /** Runs `ctr`; gives milliseconds. */
  #do({ socket }: Side, ...args: readonly string[]): number {
    const from = performance.now();
    const { status, stderr } = spawnSync(this.#ctr, ['-a', socket, ...args]);
    if (status !== 0) throw new Error(`ctr ${args.join(' ')} ended with ${status}: ${String(stderr)}`);
    return performance.now() - from;
  }
}

interface Both {
  readonly ours: readonly number[];
  readonly theirs: readonly number[] | null;
}

function side(socket: string): Side {
  return { socket, client: new Client(socket, 'default') };
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`ctr ended with ${code}`))));
  });
}

/** Processes that have `text` in their command line. */
function processes(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return pid !== process.pid && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text);
      } catch {
        return false;
      }
    });
}
