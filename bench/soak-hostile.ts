/** Thousands of hostile guests beside healthy containers: nobody else notices, nothing is left and nothing grows. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { spare_folders_max } from '../src/limits/index.ts';
import { Stage } from '../e2e/hostile/stage.ts';
import { hostile_guests } from '../e2e/hostile/table.ts';
import { anonymousMemory_kib } from '../e2e/processes.ts';
import { seeded } from '../e2e/random.ts';
import { slope } from './slope.ts';

/** Looks, 100 ms apart, until the folders are as before. */
const folder_looks = 80;
const neighbours = 10;
/** How many hostile ones are under way at once. */
const at_once = 4;
const samples = 200;
/** One sample of so many is shown as it is taken. */
const shown_of = 10;
/**
 * Memory's regression slope over the last four fifths may be so much, once the runs are enough to tell. It is taken of
 * the least in each of so many spans: what is under way, a flood's megabytes for one, is no growth.
 */
const spans = 20;
const slope_kib_max = 1;
const runs_to_tell = 2000;
/** Each container that was removed may leave its folder for a new one, so that they are made before the first look. */
const warm_runs = 100;

interface Sample {
  readonly runs: number;
  readonly daemon_kib: number;
  readonly shims_kib: number;
}

/**
 * Plays `count` guests chosen at random, `seed` says which.
 *
 * @throws AssertionError when one ends otherwise than it may, a neighbour loses a line, something is left or grows
 */
export async function soakHostile(count: number, seed: number): Promise<void> {
  const random = seeded(seed);
  const chosen = hostile_guests.filter(({ heavy }) => heavy !== true);
  const stage = await Stage.open(chosen, neighbours);
  const { daemon } = stage;
  const taken: Sample[] = [];
  const played = new Map<string, number>();
  const from = performance.now();
  let begun = 0;

  async function lanes(runs: number): Promise<void> {
    const last = begun + runs;
    const lane = async (): Promise<void> => {
      while (begun < last) {
        const number = begun++;
        const guest = chosen[Math.floor(random() * chosen.length)]!;
        await stage.play(guest).catch((error: unknown) => {
          throw new Error(`run ${number}, ${guest.name}: ${(error as Error).message}`, { cause: error });
        });
        played.set(guest.class, (played.get(guest.class) ?? 0) + 1);
        if (number % Math.max(1, Math.floor(count / samples)) !== 0) continue;
        if (taken.length % shown_of === 0) show(sample(stage, number));
        taken.push(sample(stage, number));
      }
    };
    await Promise.all(Array.from({ length: at_once }, lane));
  }

  try {
    const warm = Math.min(warm_runs, Math.ceil(count / 3));
    await lanes(warm);
    await stage.remember();
    const folders = foldersOf(daemon.root, daemon.state);
    await lanes(count - warm);
    await stage.assertAsBefore();
    // A large one takes its time to be removed.
    for (let i = 0; i < folder_looks && foldersOf(daemon.root, daemon.state) > folders; i++) await sleep(100);
    assert.equal(foldersOf(daemon.root, daemon.state), folders, 'there are as many folders as before');
    const lines = await stage.assertNeighbours();
    const seconds = (performance.now() - from) / 1000;
    console.log(
      `soak: ${count} hostile guests in ${seconds.toFixed(0)} s (${(count / seconds).toFixed(1)} a second), ` +
        `${neighbours} neighbours printed ${lines} lines without a gap`,
    );
    console.log([...played].map(([name, runs]) => `${name} ${runs}`).join(', '));
    report(taken, count);
  } catch (error) {
    throw new Error(`soak hostile (seed ${seed}) after ${begun} runs: ${(error as Error).message}`, {
      cause: error,
    });
  } finally {
    await stage.close();
  }
}

function report(taken: readonly Sample[], count: number): void {
  for (const name of ['daemon_kib', 'shims_kib'] as const) {
    const warm = taken.slice(Math.floor(taken.length / 5));
    const grows = slope(leastOf(warm, name));
    const [first, last] = [taken[0]!, taken.at(-1)!].map((each) => (each[name] / 1024).toFixed(1));
    console.log(`${name}: ${first} MB at first, ${last} MB at last, slope ${grows.toFixed(3)} KiB a run`);
    if (count >= runs_to_tell) assert.ok(grows <= slope_kib_max, `${name} grows by ${grows.toFixed(3)} KiB a run`);
  }
}

function leastOf(taken: readonly Sample[], name: 'daemon_kib' | 'shims_kib'): readonly (readonly [number, number])[] {
  const length = Math.max(1, Math.floor(taken.length / spans));
  return Array.from({ length: Math.floor(taken.length / length) }, (_, i) => {
    const span = taken.slice(i * length, (i + 1) * length);
    return [span[0]!.runs, Math.min(...span.map((each) => each[name]))] as const;
  });
}

function show({ runs, daemon_kib, shims_kib }: Sample): void {
  const [daemon, shims] = [daemon_kib, shims_kib].map((kib) => (kib / 1024).toFixed(1));
  console.log(`${String(runs).padStart(6)} runs: daemon ${daemon} MB, shims ${shims} MB`);
}

function sample(stage: Stage, runs: number): Sample {
  const { daemon } = stage;
  return {
    runs,
    daemon_kib: anonymousMemory_kib(daemon.pid),
    shims_kib: daemon.shims().reduce((sum, { pid }) => sum + anonymousMemory_kib(pid), 0),
  };
}

/** Folders of containers, of their bundles and of their files, without those that are kept for containers to come. */
function foldersOf(root: string, state: string): number {
  const names = [join(root, 'containers'), join(root, 'snapshots/active'), join(state, 'bundles')].flatMap((folder) =>
    readdirSync(folder),
  );
  const spare = names.filter((name) => name.startsWith('.tmp-')).length;
  assert.ok(spare <= 2 * spare_folders_max, `${spare} folders are kept`);
  return names.length - spare;
}
