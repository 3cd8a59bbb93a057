/** Thousands of starts through the API: none may hang, the shim's watch must not have had to act, nothing may grow. */
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { shimInfo } from '../e2e/consistency.ts';
import { bundled, checkout, type Daemon, startDaemon } from '../e2e/daemon.ts';
import { temporaryFolder } from '../e2e/folder.ts';
import { imageArchive } from '../e2e/image.ts';
import { descendantsOf, memory_mb, openDescriptors } from '../e2e/processes.ts';
import { seeded } from '../e2e/random.ts';
import { figure, show } from './figures.ts';
import { slope } from './slope.ts';

/** How many are under way at once. */
const at_once = 16;
const start_ms_max = 60_000;
/** Of so many starts one collects garbage itself, and lives on for two seconds while others are forked around it. */
const one_lives_of = 10;
const collections = 3;
const samples = 20;

interface Sample {
  readonly starts: number;
  readonly descriptors: number;
  readonly processes: number;
  readonly daemon_mb: number;
  readonly shims_mb: number;
}

/** Throws when a start fails or hangs, or the watch acted. */
export async function soakStarts(count: number, seed: number): Promise<void> {
  const random = seeded(seed);
  const dist = await collectingPrograms();
  const daemon = await startDaemon({ dist });
  const watch = new Watch(daemon);
  const taken: Sample[] = [];
  const took: number[] = [];
  let begun = 0;
  try {
    const bytes = readFileSync(join(checkout, 'e2e/guests/ticker.wasm'));
    const archive = await imageArchive({
      tag: 'ticker',
      entrypoint: ['/ticker.wasm'],
      files: [{ path: 'ticker.wasm', bytes, mode: 0o755 }],
    });
    await daemon.ok(['load'], { input: archive });
    const lane = async (): Promise<void> => {
      while (begun < count) {
        const number = begun++;
        const lives = Math.floor(random() * one_lives_of) === 0;
        const code = 1 + Math.floor(random() * 100);
        took.push(await startOnce(daemon, lives, code));
        if (number % Math.max(1, Math.floor(count / samples)) === 0) {
          await watch.look();
          taken.push(sample(daemon, number));
        }
      }
    };
    await Promise.all(Array.from({ length: at_once }, lane));
    await watch.look();
    taken.push(sample(daemon, count));
  } catch (error) {
    throw new Error(`soak (seed ${seed}) ended after ${begun} starts: ${String(error)}`, { cause: error });
  } finally {
    await daemon.stop();
    rmSync(dist, { recursive: true, force: true });
  }

  show('soak: create, start, wait, remove', figure(took), 'ms');
  for (const { starts, descriptors, processes, daemon_mb, shims_mb } of taken)
    console.log(
      `${String(starts).padStart(6)} starts: ${descriptors} descriptors, ${processes} processes, ` +
        `daemon ${daemon_mb.toFixed(1)} MB, shims ${shims_mb.toFixed(1)} MB`,
    );
  for (const name of ['descriptors', 'processes', 'daemon_mb', 'shims_mb'] as const)
    console.log(`slope of ${name}: ${(growth(taken, name) * 1000).toFixed(3)} in 1,000 starts`);
  console.log(
    `soak: ${count} starts, none hung, ${watch.zygotes} zygotes, the watch acted ${watch.acted} times (${watch.way})`,
  );
  if (watch.acted > 0) throw new Error(`the watch acted ${watch.acted} times (seed ${seed})`);
}

/** The bundles, with collections in the zygote and, where they are asked for, in guests. */
async function collectingPrograms(): Promise<string> {
  await bundled;
  const dist = temporaryFolder('dist-');
  cpSync(join(checkout, 'dist'), dist, { recursive: true });
  const guest = join(dist, 'guest.js');
  writeFileSync(
    guest,
    `${readFileSync(join(checkout, 'bench/soak-collector.js'), 'utf8')}\n${readFileSync(guest, 'utf8')}`,
  );
  return dist;
}

/** Gives milliseconds from create to removed. */
async function startOnce(daemon: Daemon, lives: boolean, code: number): Promise<number> {
  const from = performance.now();
  const { connection } = daemon;
  const signal = AbortSignal.timeout(start_ms_max);
  const body = lives
    ? { Image: 'ticker', Cmd: ['10', '20', String(code)], Env: [`SOAK_COLLECTIONS=${collections}`] }
    : { Image: 'ticker', Cmd: ['1000', '1', String(code)] };
  const { Id } = await connection.json<{ Id: string }>('POST', '/containers/create', { body, signal });
  await connection.call('POST', `/containers/${Id}/start`, { signal });
  const { StatusCode } = await connection.json<{ StatusCode: number }>('POST', `/containers/${Id}/wait`, { signal });
  if (StatusCode !== code) throw new Error(`a container ended with ${StatusCode} instead of ${code}`);
  await connection.call('DELETE', `/containers/${Id}`, { signal });
  return performance.now() - from;
}

/** What shims say of their starts, kept when one has gone. */
class Watch {
  readonly #daemon: Daemon;
  readonly #acted = new Map<string, number>();
  readonly #zygotes = new Set<number>();
  way = '';

  constructor(daemon: Daemon) {
    this.#daemon = daemon;
  }

  async look(): Promise<void> {
    for (const { id, address } of this.#daemon.shims()) {
      const { watchActed, zygotePid, way } = await shimInfo(address);
      this.#acted.set(id, watchActed);
      if (zygotePid !== 0) this.#zygotes.add(zygotePid);
      this.way = way;
    }
  }

  get acted(): number {
    return [...this.#acted.values()].reduce((total, each) => total + each, 0);
  }

  get zygotes(): number {
    return this.#zygotes.size;
  }
}

function sample(daemon: Daemon, starts: number): Sample {
  const shims = daemon.shims().map(({ pid }) => pid);
  const all = [daemon.pid, ...shims, ...shims.flatMap(descendantsOf)];
  return {
    starts,
    descriptors: [daemon.pid, ...shims].map(openDescriptors).reduce((total, each) => total + each, 0),
    processes: all.length,
    daemon_mb: memory_mb(daemon.pid),
    shims_mb: shims.map(memory_mb).reduce((total, each) => total + each, 0),
  };
}

/** Over what was taken after a quarter of the starts, when all is warm: growth a start. */
function growth(taken: readonly Sample[], name: Exclude<keyof Sample, 'starts'>): number {
  return slope(taken.slice(Math.floor(taken.length / 4)).map((each) => [each.starts, each[name]] as const));
}
