/** Where hostile guests play: a daemon, neighbours that print, a canary on the host, and what was there before. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { demultiplex } from '../../src/client/index.ts';
import { shimInfo } from '../consistency.ts';
import { checkout, type Daemon, type DaemonOptions, startDaemon } from '../daemon.ts';
import { type ImageFile, imageArchive } from '../image.ts';
import { isAlive, openDescriptors, programsBelow, sleep, waitUntil } from '../processes.ts';
import { generated } from './generated.ts';
import type { HostileGuest } from './table.ts';

const image = 'hostile';
const guests_folder = join(import.meta.dirname, 'guests');
const end_ms_max = 180_000;
/** A program that ran for long is compiled for its next start by a process beside, which may take its minute. */
const settle_ms_max = 70_000;
/** How long a call of the API may leave its connection open in the daemon. */
const quiet_ms = 500;
/** Docker's exit code of what SIGTERM ended. */
const terminated = 143;
/** A flood's log: three files of 10 MB, and what is under way. */
const log_bytes_max = 40 * 1024 * 1024;
const neighbour_rate = 50;
const secret = 'canary of the host\n';

/** What of the host may be no more after a guest than before it. */
interface HostState {
  readonly descriptors: number;
  readonly guests: number;
  readonly mounts: number;
  readonly sockets: number;
}

/** One that has nothing to do with the guests and must not notice them. */
export interface Neighbour {
  /** Gives how much it has done so far; throws AssertionError when it was disturbed. */
  check(): Promise<number>;
}

interface Inspected {
  readonly State: { readonly Status: string; readonly ExitCode: number; readonly Error: string };
  readonly LogPath: string;
}

export class Stage {
  readonly daemon: Daemon;
  readonly #places: string;
  /** More may be added. */
  readonly neighbours: Neighbour[] = [];
  #mounts = 0;
  #before: HostState | null = null;
  readonly #open_before = new Map<string, number>();

  private constructor(daemon: Daemon) {
    this.daemon = daemon;
    this.#places = join(daemon.folder, 'places');
  }

  /** A daemon with the image of all `chosen` guests, and so many neighbours that print all the time. */
  static async open(chosen: readonly HostileGuest[], neighbours: number, options: DaemonOptions = {}): Promise<Stage> {
    const daemon = await startDaemon(options);
    const stage = new Stage(daemon);
    try {
      await stage.#load(chosen);
      mkdirSync(join(stage.#places, 'canary'), { recursive: true });
      writeFileSync(join(stage.#places, 'canary/secret'), secret);
      for (let i = 0; i < neighbours; i++) await stage.#startNeighbour();
      return stage;
    } catch (error) {
      await daemon.stop();
      throw error;
    }
  }

  get #canary(): string {
    return join(this.#places, 'canary');
  }

  async #load(chosen: readonly HostileGuest[]): Promise<void> {
    const programs = new Set(chosen.map(({ program }) => program));
    const files: ImageFile[] = [
      { path: 'g/ticker.wasm', bytes: readFileSync(join(checkout, 'e2e/guests/ticker.wasm')) },
      { path: 'etc/file', bytes: 'of the image' },
      { path: 'etc/folder', dir: true },
      { path: 'tmp', dir: true, mode: 0o1777 },
      { path: 'm', dir: true },
      { path: 'host-etc', symlink: '/etc' },
      { path: 'host-root', symlink: '/' },
      { path: 'climb', symlink: '../../../../../../../..' },
      { path: 'loop', symlink: 'loop' },
      ...[...programs].map((program) => ({
        path: `g/${program}.wasm`,
        bytes: generated[program]?.() ?? readFileSync(join(guests_folder, `${program}.wasm`)),
      })),
    ];
    const archive = await imageArchive({ tag: image, files });
    const objects = this.daemon.connection.objects<{ error?: string }>('POST', '/images/load', {
      stream: Readable.from([archive]),
      headers: { 'Content-Type': 'application/x-tar' },
    });
    for await (const { error } of objects) assert.equal(error, undefined, 'the image is loaded');
  }

  async #startNeighbour(): Promise<void> {
    const body = { Image: image, Cmd: ['/g/ticker.wasm', String(neighbour_rate), '100000000', '0'] };
    const { Id } = await this.daemon.connection.json<{ Id: string }>('POST', '/containers/create', { body });
    await this.daemon.connection.call('POST', `/containers/${Id}/start`);
    this.neighbours.push({ check: () => this.#linesOf(Id) });
  }

  /** The state that all that follows is compared with; to be taken when nothing is under way and all is warm. */
  async remember(): Promise<void> {
    await this.#rested();
    await sleep(quiet_ms);
    this.#before = await this.#look();
    for (const each of this.#open()) this.#open_before.set(each, (this.#open_before.get(each) ?? 0) + 1);
  }

  /** Two guests stand by in every shim, and none is on its way. */
  async #rested(): Promise<void> {
    await waitUntil('guests stand by again', settle_ms_max, async () => {
      const infos = await Promise.all(this.daemon.shims().map(({ address }) => shimInfo(address)));
      return infos.every(({ way, standbyPids }) => way !== 'fork' || standbyPids.length === 2);
    });
  }

  async #look(): Promise<HostState> {
    const shims = this.daemon.shims();
    let descriptors = openDescriptors(this.daemon.pid);
    let guests = 0;
    for (const { pid, address } of shims) {
      descriptors += openDescriptors(pid);
      const { way, zygotePid } = await shimInfo(address);
      const children = programsBelow(pid).filter(isAlive);
      if (way !== 'fork') guests += children.length;
      else
        for (const zygote of children) {
          const forked = programsBelow(zygote).length;
          // One that was replaced stays, with one descriptor of its shim, while a guest that it forked runs.
          if (zygote !== zygotePid && forked > 0) descriptors--;
          guests += zygote === zygotePid ? forked : Math.max(1, forked);
        }
    }
    return {
      descriptors,
      guests,
      mounts: linesOf('/proc/self/mountinfo').length,
      sockets: linesOf('/proc/net/unix').filter((line) => line.includes(this.daemon.folder)).length,
    };
  }

  /** What daemon and shims have open beyond what they had, to tell what was left. */
  #opened(): readonly string[] {
    const left = new Map(this.#open_before);
    return this.#open().filter((each) => {
      const had = left.get(each) ?? 0;
      left.set(each, had - 1);
      return had <= 0;
    });
  }

  #open(): readonly string[] {
    return [this.daemon.pid, ...this.daemon.shims().map(({ pid }) => pid)].flatMap((pid) =>
      readdirSync(`/proc/${pid}/fd`).map((fd) => {
        try {
          return `${pid}: ${readlinkSync(`/proc/${pid}/fd/${fd}`).replace(/\[\d+\]$/, '')}`;
        } catch {
          return `${pid}: closed since`;
        }
      }),
    );
  }

  /** @throws AssertionError that says what is more than when `remember` was called */
  async assertAsBefore(): Promise<void> {
    const before = this.#before;
    assert.ok(before !== null);
    let more: readonly string[] = [];
    // Processes take their time to go.
    await waitUntil('the host is as before', settle_ms_max, async () => {
      const now = await this.#look();
      more = Object.keys(now)
        .map((name) => name as keyof HostState)
        .filter((name) => now[name] > before[name])
        .map((name) => `${now[name]} ${name} instead of ${before[name]}`);
      return more.length === 0;
    }).catch(() =>
      assert.deepEqual(more, [], `the host has no more than before; new are ${this.#opened().join(', ')}`),
    );
    this.assertNothingEscaped();
    await this.daemon.connection.call('GET', '/_ping');
  }

  /** The canary is as it was, and nowhere on the host is what guests try to make. */
  assertNothingEscaped(): void {
    assert.deepEqual(readdirSync(this.#places).toSorted(), ['canary'], 'beside the canary is nothing');
    assert.deepEqual(readdirSync(this.#canary), ['secret'], 'the canary has one file');
    assert.equal(readFileSync(join(this.#canary, 'secret'), 'utf8'), secret);
    assert.deepEqual(readdirSync(this.daemon.folder).toSorted(), ['places', 'r', 's']);
    for (const folder of ['/', '/tmp', '/etc', process.cwd(), join(this.daemon.folder, '..')])
      assert.deepEqual(
        readdirSync(folder).filter((name) => /escaped|stolen/.test(name)),
        [],
        `nothing of a guest's is in ${folder}`,
      );
  }

  /** No neighbour was disturbed; gives how much they have done in all. */
  async assertNeighbours(): Promise<number> {
    let done = 0;
    for (const neighbour of this.neighbours) done += await neighbour.check();
    return done;
  }

  /** A container that prints numbers runs and has printed them without a gap; gives how many lines its log has. */
  async #linesOf(id: string): Promise<number> {
    assert.equal((await this.#inspect(id)).State.Status, 'running', `the neighbour ${id} runs`);
    const { stdout } = await this.#logs(id, false);
    const printed = stdout.toString().split('\n').slice(0, -1);
    // The log is rotated: what is there begins somewhere, and goes on by one.
    const first = Number(printed[0] ?? 1);
    const wrong = printed.findIndex((line, index) => line !== String(first + index));
    assert.equal(wrong, -1, `line ${wrong + 1} of the neighbour ${id} reads ${printed[wrong]}`);
    assert.ok(printed.length > 0, `the neighbour ${id} has printed`);
    return printed.length;
  }

  /** Runs one guest to its end and removes it; throws AssertionError when it ends otherwise than it may. */
  async play(guest: HostileGuest): Promise<void> {
    const { connection } = this.daemon;
    const mount = guest.mount === undefined ? null : await this.#makeMount(guest.mount);
    const ids: string[] = [];
    try {
      const id = await this.#create(guest, guest.args ?? [], mount);
      ids.push(id);
      if (guest.beside !== undefined) {
        const other = await this.#create(guest, guest.beside, mount);
        ids.push(other);
        await connection.call('POST', `/containers/${other}/start`);
      }
      const socket = guest.unread === true ? await this.#attachUnread(id) : null;
      await this.#startToEnd(guest, id);
      for (const other of ids.slice(1)) assert.equal(await this.#exitCode(other), 0, 'the one beside it ended well');
      socket?.destroy();
    } finally {
      for (const id of ids) await connection.call('DELETE', `/containers/${id}`, { query: { force: '1' } });
      if (mount !== null) rmSync(mount, { recursive: true, force: true });
    }
  }

  async #startToEnd(guest: HostileGuest, id: string): Promise<void> {
    const { connection } = this.daemon;
    const { ends } = guest;
    let refused: string | null = null;
    try {
      await connection.call('POST', `/containers/${id}/start`, { signal: AbortSignal.timeout(end_ms_max) });
    } catch (error) {
      refused = (error as Error).message;
    }
    if (ends.by === 'refusal') {
      assert.match(refused ?? 'it started', ends.message);
      const { State } = await this.#inspect(id);
      assert.ok(State.ExitCode > 0, 'a start that failed has an exit code');
      assert.match(State.Error, ends.message, 'the record says why it did not start');
      return;
    }
    assert.equal(refused, null, 'it starts');
    if (ends.by === 'stop') {
      await sleep(ends.after_ms);
      assert.equal((await this.#inspect(id)).State.Status, 'running', 'it runs until it is stopped');
      await connection.call('POST', `/containers/${id}/stop`, { query: { t: '5' } });
    }
    const code = await this.#exitCode(id);
    const { State, LogPath } = await this.#inspect(id);
    assert.equal(State.Status, 'exited');
    assert.equal(State.ExitCode, code, 'the record tells the same exit code');
    assert.ok(logBytes(LogPath) < log_bytes_max, `its log has ${logBytes(LogPath)} bytes`);
    const { stdout, stderr } = await this.#logs(id, guest.tty === true, ends.by === 'stop' ? '10' : 'all');
    const said = `it said ${JSON.stringify(stderr.toString().slice(0, 500))} ${JSON.stringify(stdout.toString().slice(0, 200))}`;
    const codes = ends.by === 'stop' ? [terminated] : ends.codes;
    assert.ok(codes.includes(code), `exit code ${code} is not of ${codes.join()}; ${said}`);
    if (guest.stdout !== undefined) assert.ok(guest.stdout.test(stdout.toString()), said);
    if (guest.stderr !== undefined) assert.match(stderr.toString(), guest.stderr);
    if (guest.never !== undefined) assert.doesNotMatch(stdout.toString() + stderr.toString(), guest.never);
  }

  async #create(guest: HostileGuest, args: readonly string[], mount: string | null): Promise<string> {
    const body = {
      Image: image,
      Cmd: [`/g/${guest.program}.wasm`, ...args.map((arg) => (arg === 'CANARY' ? this.#canary : arg))],
      Env: guest.env ?? [],
      Tty: guest.tty === true,
      HostConfig: {
        ReadonlyRootfs: guest.read_only === true,
        ...(guest.memory_bytes === undefined ? {} : { Memory: guest.memory_bytes }),
        ...(mount === null ? {} : { Binds: [`${mount}:/m${guest.mount === 'ro' ? ':ro' : ''}`] }),
      },
    };
    return (await this.daemon.connection.json<{ Id: string }>('POST', '/containers/create', { body })).Id;
  }

  /** A folder beside the canary; what is in it is the host's. */
  async #makeMount(kind: NonNullable<HostileGuest['mount']>): Promise<string> {
    const mount = join(this.#places, `m${this.#mounts++}`);
    mkdirSync(join(mount, 'folder'), { recursive: true });
    writeFileSync(join(mount, 'file'), 'of the host');
    if (kind === 'special') {
      execFileSync('mkfifo', [join(mount, 'pipe')]);
      await makeSocket(mount);
      symlinkSync(join(this.#canary, 'secret'), join(mount, 'out'));
      symlinkSync(this.#canary, join(mount, 'outside'));
      symlinkSync('../canary/secret', join(mount, 'relative'));
    }
    chmodSync(mount, 0o777);
    return mount;
  }

  async #attachUnread(id: string): Promise<{ destroy(): void }> {
    const { socket } = await this.daemon.connection.hijack('POST', `/containers/${id}/attach`, {
      query: { stream: '1', stdout: '1', stderr: '1' },
    });
    socket.on('error', () => {});
    socket.pause();
    return socket;
  }

  async #exitCode(id: string): Promise<number> {
    const { StatusCode } = await this.daemon.connection.json<{ StatusCode: number }>('POST', `/containers/${id}/wait`, {
      signal: AbortSignal.timeout(end_ms_max),
    });
    return StatusCode;
  }

  #inspect(id: string): Promise<Inspected> {
    return this.daemon.connection.json<Inspected>('GET', `/containers/${id}/json`);
  }

  async #logs(id: string, terminal: boolean, tail: string = 'all'): Promise<{ stdout: Buffer; stderr: Buffer }> {
    const { body } = await this.daemon.connection.call('GET', `/containers/${id}/logs`, {
      query: { stdout: '1', stderr: '1', tail },
    });
    const chunks: Record<1 | 2 | 3, Buffer[]> = { 1: [], 2: [], 3: [] };
    const take = demultiplex((stream, bytes) => chunks[stream].push(Buffer.from(bytes)));
    for await (const chunk of body as AsyncIterable<Buffer>) {
      if (terminal) chunks[1].push(chunk);
      else take(chunk);
    }
    return { stdout: Buffer.concat(chunks[1]), stderr: Buffer.concat(chunks[2]) };
  }

  async close(): Promise<void> {
    await this.daemon.stop();
  }
}

async function makeSocket(folder: string): Promise<void> {
  const server = createServer();
  const path = join(folder, 'socket');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  // Kept in the folder by another name, for node removes the path it listened on.
  execFileSync('mv', [path, join(folder, 'kept')]);
  await new Promise((resolve) => server.close(resolve));
  execFileSync('mv', [join(folder, 'kept'), path]);
}

function linesOf(path: string): readonly string[] {
  return readFileSync(path, 'utf8').split('\n');
}

/** Bytes of a log and of those it was rotated from. */
function logBytes(path: string): number {
  const folder = join(path, '..');
  return readdirSync(folder)
    .filter((name) => name.includes('.log'))
    .reduce((sum, name) => sum + (statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0), 0);
}
