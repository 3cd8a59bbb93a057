/** `kill -9` of the daemon in the middle of what it does, again and again; after each restart all must be whole. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';

import { assertConsistent, visible } from './consistency.ts';
import { checkout, type Daemon, startDaemon } from './daemon.ts';
import { imageArchive } from './image.ts';
import { seeded } from './random.ts';
import { sleep } from './processes.ts';

export interface FaultReport {
  readonly kills: number;
  /** How many of them hit an operation that had begun and was not answered. */
  readonly inside: number;
  /** Kills and those inside for each operation, with its measured length in milliseconds. */
  readonly operations: Readonly<Record<string, { kills: number; inside: number; length_ms: number }>>;
}

interface Operation {
  readonly name: string;
  /** What has to be there, done before the clock runs. */
  prepare(daemon: Daemon, key: string): Promise<void>;
  /** The operation itself; settles when the daemon has answered. */
  run(daemon: Daemon, key: string): Promise<void>;
  /** After the restart; `answered` says that the daemon had called it done. */
  check(daemon: Daemon, key: string, answered: boolean): Promise<void>;
}

const filler_bytes = 3_000_000;
const measured_times = 7;
/** The image of what runs while the daemon dies. */
const anchor_image = 'ticker';
const anchor_lines_max = 10_000_000;

/** Bytes that no other image has, so that each load has all the work. */
function filler(key: string): Buffer {
  const random = seeded(Number.parseInt(Buffer.from(key).toString('hex').slice(-8), 16));
  const bytes = Buffer.alloc(filler_bytes);
  for (let at = 0; at + 4 <= bytes.length; at += 4) bytes.writeUInt32LE(Math.floor(random() * 2 ** 32), at);
  return bytes;
}

const archives = new Map<string, Buffer>();

const load: Operation = {
  name: 'load',
  async prepare(_, key) {
    const hello = readFileSync(join(checkout, 'examples/hello/hello.wasm'));
    const layers = [[{ path: 'hello.wasm', bytes: hello, mode: 0o755 }], [{ path: 'filler', bytes: filler(key) }]];
    archives.set(key, await imageArchive({ tag: key, entrypoint: ['/hello.wasm'], layers }));
  },
  async run(daemon, key) {
    const stream = Readable.from([archives.get(key)!]);
    const objects = daemon.connection.objects<{ error?: string }>('POST', '/images/load', {
      stream,
      headers: { 'Content-Type': 'application/x-tar' },
    });
    for await (const { error } of objects) if (error !== undefined) throw new Error(error);
  },
  async check(daemon, key, answered) {
    archives.delete(key);
    const { images } = await visible(daemon);
    const listed = images.some(({ RepoTags }) => RepoTags?.includes(`${key}:latest`));
    assert.ok(listed || !answered, `the image ${key} was loaded and is gone`);
    if (!listed) return;
    assert.equal(await daemon.ok(['run', '--rm', key]), 'Hello from WebAssembly!\n', `the listed image ${key} runs`);
    await daemon.ok(['rmi', key]);
  },
};

async function startTicker(daemon: Daemon, name: string): Promise<void> {
  const body = { Image: anchor_image, Cmd: ['10', String(anchor_lines_max), '0'] };
  const { Id } = await daemon.connection.json<{ Id: string }>('POST', '/containers/create', { query: { name }, body });
  await daemon.connection.call('POST', `/containers/${Id}/start`);
}

async function stateOf(daemon: Daemon, name: string): Promise<string | null> {
  const { code, stdout } = await daemon.docker(['inspect', '--format', '{{.State.Status}}', name]);
  return code === 0 ? stdout.toString().trim() : null;
}

const run: Operation = {
  name: 'run',
  async prepare() {},
  run: startTicker,
  async check(daemon, key, answered) {
    const state = await stateOf(daemon, key);
    if (answered) assert.equal(state, 'running', `the container ${key} was started`);
    if (state === null) return;
    // Cut before its start it is one that was created: it starts as if nothing had been.
    if (state === 'created') await daemon.ok(['start', key]);
    await daemon.ok(['rm', '-f', key]);
  },
};

const remove: Operation = {
  name: 'rm',
  prepare: startTicker,
  async run(daemon, key) {
    await daemon.connection.call('DELETE', `/containers/${key}`, { query: { force: '1' } });
  },
  async check(daemon, key, answered) {
    const state = await stateOf(daemon, key);
    if (answered) assert.equal(state, null, `the container ${key} was removed`);
    if (state !== null) await daemon.ok(['rm', '-f', key]);
  },
};

const operations: readonly Operation[] = [load, run, remove];

async function measure(daemon: Daemon, operation: Operation): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < measured_times; i++) {
    const key = `${operation.name}-measure-${i}`;
    await operation.prepare(daemon, key);
    const from = performance.now();
    await operation.run(daemon, key);
    took.push(performance.now() - from);
    await operation.check(daemon, key, true);
  }
  return took.toSorted((a, b) => a - b)[Math.floor(took.length / 2)]!;
}

/** Kills the daemon `kills` times; throws what did not hold, with the seed that repeats the choices. */
export async function faultLoop(kills: number, seed: number): Promise<FaultReport> {
  const random = seeded(seed);
  const figures: Record<string, { kills: number; inside: number; length_ms: number }> = {};
  const daemon = await startDaemon();
  let at = '';
  try {
    const ticker = readFileSync(join(checkout, 'e2e/guests/ticker.wasm'));
    await daemon.ok(['load'], {
      input: await imageArchive({
        tag: anchor_image,
        entrypoint: ['/ticker.wasm'],
        files: [{ path: 'ticker.wasm', bytes: ticker, mode: 0o755 }],
      }),
    });
    await startTicker(daemon, 'anchor');
    for (const operation of operations)
      figures[operation.name] = { kills: 0, inside: 0, length_ms: await measure(daemon, operation) };

    for (let i = 0; i < kills; i++) {
      const operation = operations[i % operations.length]!;
      const figure = figures[operation.name]!;
      const key = `${operation.name}-${i}`;
      await operation.prepare(daemon, key);
      const after_ms = random() * figure.length_ms;
      at = `kill ${i}, ${after_ms.toFixed(1)} ms into ${operation.name}`;
      let answered = false;
      let failed: unknown = null;
      const running = operation.run(daemon, key).then(
        () => (answered = true),
        (error: unknown) => (failed = error),
      );
      await sleep(after_ms);
      const inside = !answered && failed === null;
      await daemon.kill();
      await running;
      if (!inside && failed !== null) throw new Error('the operation failed before the kill', { cause: failed });
      figure.kills++;
      if (inside) figure.inside++;

      await restart(daemon);
      const before = await visible(daemon);
      await daemon.kill();
      await restart(daemon);
      assert.deepEqual(await visible(daemon), before, 'a second restart changes nothing');
      await operation.check(daemon, key, answered);
    }
    at = 'the end';
    await assertNoGap(daemon);
  } catch (error) {
    throw new Error(
      `${at} (seed ${seed}): ${error instanceof Error ? error.message : String(error)}\ndaemon: ${daemon.said.slice(-3000)}`,
      { cause: error },
    );
  } finally {
    await daemon.stop();
  }
  const all = Object.values(figures);
  return {
    kills: sum(all.map((each) => each.kills)),
    inside: sum(all.map((each) => each.inside)),
    operations: figures,
  };
}

async function restart(daemon: Daemon): Promise<void> {
  const began = new Date();
  await daemon.start();
  await assertConsistent(daemon, began);
}

/** What ran all the time has lost no line and printed none twice. */
async function assertNoGap(daemon: Daemon): Promise<void> {
  assert.equal(await stateOf(daemon, 'anchor'), 'running');
  const lines = (await daemon.ok(['logs', 'anchor'])).split('\n').slice(0, -1);
  const wrong = lines.findIndex((line, index) => line !== String(index + 1));
  assert.equal(wrong, -1, `line ${wrong + 1} of the log reads ${lines[wrong]}`);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

export function showFaults({ kills, inside, operations: each }: FaultReport): void {
  console.log(`faults: ${kills} kills, ${inside} inside an operation, nothing half visible, no orphan`);
  for (const [name, figure] of Object.entries(each))
    console.log(
      `  ${name.padEnd(5)} ${figure.inside} of ${figure.kills} inside, over ${figure.length_ms.toFixed(0)} ms`,
    );
}
