import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';

import { type Core, createCore, type Log } from '../../core/index.ts';
import { createEngine, type Engine } from '../../engine/index.ts';
import { createLauncher, type ShimBootstrap } from '../../shim/index.ts';
import { dockerRoutes } from './routes/index.ts';
import { DockerApi } from './server.ts';

const checkout = join(import.meta.dirname, '../../..');
const quiet: Log = { info: () => {}, warn: () => {}, error: () => {} };

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The body as JSON; undefined for one that is none. */
  readonly json: unknown;
  /** What an error says. */
  readonly message: string;
}

/** A whole daemon in this process over folders of its own, with real shims and guests. */
export class TestDaemon {
  readonly folder: string;
  body_delay_ms = 0;
  readonly #log: Log;
  #core: Core | null = null;
  #engine: Engine | null = null;
  #api: DockerApi | null = null;

  static async start(t: { after(act: () => Promise<void>): void }, log: Log = quiet): Promise<TestDaemon> {
    // Short: the path of a socket ends at 107 bytes.
    const daemon = new TestDaemon(await mkdtemp('/tmp/wt-'), log);
    t.after(() => daemon.#remove());
    await daemon.open();
    return daemon;
  }

  private constructor(folder: string, log: Log) {
    this.folder = folder;
    this.#log = log;
  }

  get socket(): string {
    return join(this.folder, 'd.sock');
  }

  get engine(): Engine {
    if (this.#engine === null) throw new Error('the daemon is closed');
    return this.#engine;
  }

  get core(): Core {
    if (this.#core === null) throw new Error('the daemon is closed');
    return this.#core;
  }

  async open(): Promise<void> {
    const core = await createCore({
      root: join(this.folder, 'r'),
      state: join(this.folder, 's'),
      gate: { imageVisible: () => {}, containerCreate: () => {}, taskStart: () => {} },
      launcher: createLauncher({
        node: process.execPath,
        shim: join(checkout, 'dist/shim.js'),
        guest: join(checkout, 'dist/guest.js'),
      }),
      log: this.#log,
    });
    this.#core = core;
    this.#engine = createEngine({
      core,
      log: this.#log,
      settings: {
        version: '1.2.3',
        root: core.root,
        containerd_socket: '',
        debug: false,
        labels: [],
        insecure_registries: [],
        unencrypted_addresses: [],
      },
      registries: { insecure: [], userAgent: 'wherry-test' },
      log_config: { Type: 'json-file', Config: {} },
    });
    await this.#engine.recover();
    const faults = (error: unknown): void => this.#log.error(String(error));
    this.#api = new DockerApi({ version: '1.2.3', routes: dockerRoutes(this.#engine), onFault: faults });
    await new Promise<void>((resolve) => this.#api!.server().listen(this.socket, resolve));
  }

  /** Ends the daemon; containers go on. */
  async close(): Promise<void> {
    await this.#api?.close();
    await this.#engine?.close();
    this.#api = null;
    this.#engine = null;
    this.#core = null;
  }

  /** The pids of the shims it started. */
  shims(): readonly number[] {
    const folder = join(this.folder, 's/shims');
    return readdirSync(folder).flatMap((id) => {
      const path = join(folder, id, 'bootstrap.json');
      return existsSync(path) ? [(JSON.parse(readFileSync(path, 'utf8')) as ShimBootstrap).pid] : [];
    });
  }

  async #remove(): Promise<void> {
    await this.close();
    for (const pid of this.shims()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has gone by itself.
      }
    }
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  /** Sends a request; a body that is no bytes goes as JSON. */
  send(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const bytes = body instanceof Uint8Array ? body : body === undefined ? null : Buffer.from(JSON.stringify(body));
      const type = body instanceof Uint8Array ? 'application/x-tar' : 'application/json';
      const headers = bytes === null ? {} : { 'Content-Type': type, 'Content-Length': bytes.length };
      const sent = request(
        { socketPath: this.socket, method, path, headers, agent: false, ...(signal === undefined ? {} : { signal }) },
        (response) => {
          const pieces: Buffer[] = [];
          response.on('data', (piece: Buffer) => pieces.push(piece));
          response.on('error', reject);
          response.on('end', () => resolve(answerOf(response.statusCode!, Buffer.concat(pieces).toString())));
        },
      );
      sent.on('error', reject);
      sent.end(bytes ?? undefined);
    });
  }

  /** Loads a module as an image of that name, one of those under `examples/` unless it says another path. */
  async load(name: string, path = `examples/${name}/${name}.wasm`): Promise<void> {
    const bytes = await readFile(join(checkout, path));
    await this.send('POST', `/images/load?tag=${name}`, bytes);
  }

  /** Takes all containers and volumes away. */
  async empty(): Promise<void> {
    for (const { id } of this.engine.containers.all) await this.send('DELETE', `/containers/${id}?force=1&v=1`);
    await this.send('POST', `/volumes/prune?filters=${encodeURIComponent('{"all":["1"]}')}`);
  }

  /** Makes a container; gives its id. */
  async create(name: string, fields: Record<string, unknown>): Promise<string> {
    const { status, json, body } = await this.send('POST', `/containers/create?name=${name}`, fields);
    if (status !== 201) throw new Error(`create: ${status} ${body}`);
    return (json as { Id: string }).Id;
  }

  /** Attaches to a container; gives the connection right after the head of the answer. */
  attach(id: string, query: string): Promise<Attached> {
    return this.takeOver(`/v1.50/containers/${id}/attach?stream=1&${query}`);
  }

  /** Sends a request whose connection is taken over, with or without asking for an upgrade. */
  takeOver(path: string, body?: unknown, upgrade = true): Promise<Attached> {
    const socket = connect(this.socket);
    const json = body === undefined ? '' : JSON.stringify(body);
    const asks = upgrade ? 'Connection: Upgrade\r\nUpgrade: tcp\r\n' : '';
    const type = body === undefined ? '' : 'Content-Type: application/json\r\n';
    socket.write(
      `POST ${path} HTTP/1.1\r\nHost: d\r\n${asks}${type}Content-Length: ${Buffer.byteLength(json)}\r\n\r\n`,
    );
    // A client's body may come a while after the head.
    if (json !== '') setTimeout(() => socket.write(json), this.body_delay_ms);
    return new Promise((resolve, reject) => {
      const attached = new Attached(socket, resolve);
      socket.on('error', (error) => reject(error));
      socket.on('close', () => reject(new Error(`closed: ${attached.head}`)));
    });
  }
}

function answerOf(status: number, body: string): Answer {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    json = undefined;
  }
  return { status, body, json, message: (json as { message?: string } | undefined)?.message ?? '' };
}

/** A connection that was taken over, and what comes on it. */
export class Attached {
  readonly socket: Socket;
  /** Settles with all of it when the other side ends. */
  readonly output: Promise<Buffer>;
  head = '';

  constructor(socket: Socket, onHead: (attached: Attached) => void) {
    this.socket = socket;
    let data = Buffer.alloc(0);
    let start = -1;
    socket.on('data', (piece: Buffer) => {
      data = Buffer.concat([data, piece]);
      if (start >= 0) return;
      start = data.indexOf('\r\n\r\n');
      if (start < 0) return;
      start += 4;
      this.head = data.toString('latin1', 0, start);
      onHead(this);
    });
    this.output = new Promise((resolve) => socket.on('end', () => resolve(data.subarray(start))));
  }
}

/** The frames of a multiplexed stream: type and text, those of one type that follow each other joined. */
export function framesOf(data: Buffer): readonly (readonly [number, string])[] {
  const frames: [number, string][] = [];
  for (let at = 0; at + 8 <= data.length;) {
    const type = data[at]!;
    const length = data.readUInt32BE(at + 4);
    const text = data.toString('utf8', at + 8, at + 8 + length);
    const last = frames.at(-1);
    if (last?.[0] === type) last[1] += text;
    else frames.push([type, text]);
    at += 8 + length;
  }
  return frames;
}
