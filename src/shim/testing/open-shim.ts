import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { standby_guests } from '../../limits/index.ts';
import { close, connectUnix, MSG, sendMessage, signalProcess, socketPair, startTime } from '../../os/index.ts';
import { Shim, type ServiceClient, Task, TtrpcClient } from '../../wire/index.ts';
import {
  createLauncher,
  type HandoffRequest,
  type PortRequest,
  type ShimBootstrap,
  type ShimTaskRecord,
} from '../index.ts';
import { example, moduleImage, program, type TestImage } from './image.ts';

const dist = (name: string): string => new URL(`../../../dist/${name}.js`, import.meta.url).pathname;

/** What a test changes about a container that runs hello. */
export interface ContainerChanges {
  readonly image?: TestImage;
  readonly args?: readonly string[];
  readonly terminal?: boolean;
  readonly stdin?: string;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly mounts?: readonly object[];
  /** `linux.resources` of the bundle. */
  readonly resources?: object;
  readonly ports?: readonly PortRequest[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A client whose connection was handed over, on its own side. */
export interface TestClient {
  readonly socket: Socket;
  /** All it was sent, once the shim has let it go. */
  readonly output: Promise<Buffer>;
  /** Settles when `text` has come. */
  said(text: string): Promise<void>;
}

/** A shim in a process of its own, the way to talk to it, and a folder for its containers. */
export class TestShim {
  readonly folder: string;
  readonly bootstrap: ShimBootstrap;
  readonly client: TtrpcClient;
  readonly task: ServiceClient<typeof Task>;
  readonly shim: ServiceClient<typeof Shim>;
  readonly images: Readonly<Record<'hello' | 'clock' | 'wordcount', TestImage>>;
  #sequence = 0;

  private constructor(folder: string, bootstrap: ShimBootstrap, client: TtrpcClient) {
    this.folder = folder;
    this.bootstrap = bootstrap;
    this.client = client;
    this.task = client.service(Task);
    this.shim = client.service(Shim);
    this.images = {
      hello: moduleImage(folder, example('hello')),
      clock: moduleImage(folder, example('clock')),
      wordcount: moduleImage(folder, example('wordcount')),
    };
  }

  static async open(way?: 'fork' | 'spawn'): Promise<TestShim> {
    const folder = mkdtempSync(join(tmpdir(), 'wherry-shim-'));
    const launcher = createLauncher({
      node: process.execPath,
      shim: dist('shim'),
      guest: dist('guest'),
      ...(way === undefined ? {} : { way }),
    });
    const bootstrap = await launcher.launch({ id: 'test', namespace: 'moby', folder: join(folder, 'shim') });
    return new TestShim(folder, bootstrap, await TtrpcClient.connect(bootstrap.address));
  }

  /** Ends the shim, if it lives, and removes what was made. */
  close(): void {
    this.client.close();
    if (this.isAlive) signalProcess(this.bootstrap.pid, 9);
    rmSync(this.folder, { recursive: true, force: true });
  }

  get isAlive(): boolean {
    return String(startTime(this.bootstrap.pid)) === this.bootstrap.start_time;
  }

  /** How many descriptors the shim has open. */
  get descriptors(): number {
    return readdirSync(`/proc/${this.bootstrap.pid}/fd`).length;
  }

  log(id: string): string {
    return join(this.folder, 'bundles', id, 'log');
  }

  /** What the log of `id` has of both streams; it is made with the first line. */
  logged(id: string): string {
    if (!existsSync(this.log(id))) return '';
    const lines = readFileSync(this.log(id), 'utf8').split('\n').slice(0, -1);
    return lines.map((line) => (JSON.parse(line) as { log: string }).log).join('');
  }

  record(id: string): ShimTaskRecord {
    return JSON.parse(readFileSync(join(this.folder, 'shim', 'tasks', `${id}.json`), 'utf8')) as ShimTaskRecord;
  }

  /** Settles when as many guest processes stand by as are to: they have descriptors in the shim, too. */
  async rested(): Promise<void> {
    for (;;) {
      const { way, standbyPids } = await this.shim.info({});
      if (way === 'spawn' || standbyPids.length >= standby_guests) return;
      await sleep(20);
    }
  }

  /** The id that the next container gets. */
  get nextId(): string {
    return `c${this.#sequence + 1}`;
  }

  /** Creates a container, of hello unless told otherwise; gives its id. */
  async create(changes: ContainerChanges = {}): Promise<string> {
    const { image = this.images.hello, args = [program], terminal = false, mounts = [], resources = {} } = changes;
    const id = `c${++this.#sequence}`;
    const bundle = join(this.folder, 'bundles', id);
    const upper = join(bundle, 'upper');
    mkdirSync(upper, { recursive: true });
    const process = { args, env: ['PATH=/bin'], cwd: '/', terminal };
    const published = changes.ports === undefined ? {} : { 'dev.wherry.ports': JSON.stringify(changes.ports) };
    const annotations = { ...changes.annotations, ...published };
    const spec = { ociVersion: '1.2.0', process, mounts, annotations, linux: { resources } };
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec));
    const log = `json-file://${this.log(id)}`;
    const options = [`chain=${image.chain}`, `layer=${image.layer}`];
    await this.task.create({
      id,
      bundle,
      terminal,
      rootfs: [{ type: 'wherry', source: upper, options }],
      stdin: changes.stdin ?? '',
      stdout: changes.stdout ?? log,
      stderr: changes.stderr ?? (terminal ? '' : log),
    });
    return id;
  }

  /** Creates, starts, waits and deletes; gives the exit status. */
  async run(changes: ContainerChanges = {}): Promise<number> {
    const id = await this.create(changes);
    await this.task.start({ id });
    const { exitStatus } = await this.task.wait({ id });
    await this.task.delete({ id });
    return exitStatus;
  }

  /** Hands a client over to container `id`, with `head` as bytes that were read from it before. */
  async attach(id: string, wanted: Partial<HandoffRequest> = {}, head = ''): Promise<TestClient> {
    const [mine, theirs] = socketPair();
    const request: HandoffRequest = {
      coming: false,
      container: id,
      stdin: true,
      stdout: true,
      stderr: true,
      detach_keys: '',
      head_bytes: Buffer.byteLength(head),
      ...wanted,
    };
    const refusal = await handOver(this.bootstrap.handoff, request, head, theirs);
    if (refusal !== null) {
      close(mine);
      throw new Error(refusal);
    }
    return testClient(mine);
  }
}

async function handOver(
  address: string,
  request: HandoffRequest,
  head: string,
  client: number,
): Promise<string | null> {
  const json = Buffer.from(JSON.stringify(request));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const fd = connectUnix(address);
  sendMessage(fd, Buffer.concat([length, json, Buffer.from(head)]), [client], MSG.DONTWAIT);
  close(client);
  const socket = new Socket({ fd, readable: true, writable: true } as object);
  socket.setEncoding('utf8');
  let answer = '';
  for await (const piece of socket) answer += piece as string;
  return (JSON.parse(answer) as { error: string | null }).error;
}

function testClient(fd: number): TestClient {
  const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true } as object);
  const chunks: Buffer[] = [];
  socket.on('error', () => {});
  const output = new Promise<Buffer>((resolve) => socket.once('end', () => resolve(Buffer.concat(chunks))));
  socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
  void output.then(() => socket.destroy());
  return {
    socket,
    output,
    said: (text) => until(`the client was told ${JSON.stringify(text)}`, () => Buffer.concat(chunks).includes(text)),
  };
}

/** What Docker's multiplexed stream carries of one stream: 1 is stdout, 2 stderr. */
export function demultiplexed(bytes: Buffer, stream: 1 | 2): string {
  let text = '';
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at + 4);
    if (bytes[at] === stream) text += bytes.toString('utf8', at + 8, at + 8 + length);
    at += 8 + length;
  }
  return text;
}

/** Waits until something holds; fails with what it was if it never does. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    if (holds()) return;
    await sleep(5);
  }
  throw new Error(`it never came that ${what}`);
}
