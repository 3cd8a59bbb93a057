/**
 * Two clients do two things to one object at the same time, for every pair of things: nobody waits for ever, no update is
 * lost, of two that make the same one succeeds, and what each is told is what a real containerd tells for that pair, in
 * one order, the other, or both at once. Without root there is no containerd; the rest holds all the same.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { temporaryFolder } from '../folder.ts';
import { CallError, Client } from './client.ts';
import { busyboxPath } from './images.ts';
import { programsOf, type Version } from './peer.ts';
import { type Racer, racers, tasks } from './racers.ts';
import { ourSide, peerSide, type Side } from './sides.ts';

const is_root = process.getuid?.() === 0;
const version: Version | undefined = (['2', '1.6'] as const).find((each) => programsOf(each) !== null);
const call_ms_max = 20_000;

const folder = temporaryFolder('race-');
let ours: Side;
let theirs: Side | null = null;
let number = 0;

before(async () => {
  const programs = version === undefined ? null : programsOf(version);
  ours = await ourSide(programs ?? '/usr/bin');
  if (is_root && version !== undefined) theirs = peerSide(version);
  console.log(theirs === null ? 'no containerd here: what it tells is not compared' : `beside ${theirs.name}`);
});

after(async () => {
  await ours?.stop();
  await theirs?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const busybox = busyboxPath();
for (const racer of [...racers, ...(busybox === null ? [] : [tasks(specOf(busybox))])]) {
  if (racer.root && (!is_root || version === undefined)) {
    console.log(`not here: ${racer.kind}: runc needs root`);
    continue;
  }
  const names = Object.keys(racer.actions);
  for (const [at, first] of names.entries())
    for (const second of names.slice(at))
      test(`${racer.kind}: ${first} and ${second}`, { timeout: 300_000 }, async () => {
        const [mine, known] = await Promise.all([
          race(ours, racer, first, second),
          theirs === null ? null : allowed(theirs, racer, first, second),
        ]);
        if (known !== null)
          for (const outcome of mine)
            assert.ok(
              known.has(outcome),
              `${first} | ${second}: ${outcome}\nof a containerd:\n${[...known].toSorted().join('\n')}`,
            );
      });
}

/** What a containerd tells for a pair, at once and one after the other. */
async function allowed(side: Side, racer: Racer, first: string, second: string): Promise<Set<string>> {
  const outcomes = await race(side, racer, first, second);
  for (const order of ['first', 'second'] as const)
    for (const present of [true, false])
      await round(side, racer, first, second, present, async (one, other) => {
        const told: [string, string] = ['', ''];
        if (order === 'first') told[0] = await one();
        told[1] = await other();
        if (order === 'second') told[0] = await one();
        outcomes.add(told.join(' | '));
      });
  return outcomes;
}

/** The outcomes of a pair at once, several times. */
async function race(side: Side, racer: Racer, first: string, second: string): Promise<Set<string>> {
  const outcomes = new Set<string>();
  for (let times = 0; times < racer.rounds; times++)
    await round(side, racer, first, second, times % 2 === 0, async (one, other, client, id) => {
      const told = await Promise.all([one(), other()]);
      outcomes.add(told.join(' | '));
      if (side === ours) await check(racer, first, second, told, client, id);
    });
  return outcomes;
}

type Told = () => Promise<string>;

async function round(
  side: Side,
  racer: Racer,
  first: string,
  second: string,
  present: boolean,
  act: (one: Told, other: Told, client: Client, id: string) => Promise<void>,
): Promise<void> {
  const id = `${side.letter}${process.pid}-${number++}`;
  const clients = [new Client(side.socket, 'race'), new Client(side.socket, 'race')] as const;
  try {
    await racer.prepare?.(clients[0], id, 'a');
    const makers = [first, second].filter((name) => racer.makers.includes(name)).length;
    // Two that make find nothing there yet; one that makes beside one that does not finds nothing every other time.
    if (makers === 0 || (makers === 1 && present)) await racer.make(clients[0], id, 'a');
    // Both have a connection before they start.
    await Promise.all(clients.map((client) => racer.labels(client, id)));
    const told =
      (name: string, at: 0 | 1): Told =>
      () =>
        outcomeOf(racer.actions[name]!(clients[at], id, at === 0 ? 'a' : 'b'), id);
    await act(told(first, 0), told(second, 1), clients[0], id);
  } finally {
    await racer.clear(clients[0], id);
    for (const client of clients) client.close();
  }
}

/** `ok`, or the error's code and text without what differs from round to round. */
async function outcomeOf(call: Promise<unknown>, id: string): Promise<string> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${call_ms_max} ms`)), call_ms_max).unref();
  });
  try {
    await Promise.race([call, late]);
    return 'ok';
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    const text = error.message
      .replaceAll(id, '<id>')
      .replace(/sha256:[0-9a-f]{64}/g, '<digest>')
      .replace(/locked for [\d.]+[µm]?s/g, 'locked for <duration>')
      .replace(/race\/\d+\//g, 'race/<n>/')
      .replace(/\d{4}-\d\d-\d\d[T ][\d:.]+ ?(Z|[+-]\d+ [A-Z]+)?( m=\+[\d.]+)?/g, '<time>')
      .replace(/\bpid \d+/g, 'pid <n>');
    return `${error.code}: ${text}`;
  }
}

/** What holds whatever a containerd does. */
async function check(
  racer: Racer,
  first: string,
  second: string,
  told: readonly string[],
  client: Client,
  id: string,
): Promise<void> {
  const went_well = told.filter((each) => each === 'ok').length;
  // Content that was already there is what its writer wanted.
  if (first === second && racer.makers.includes(first) && racer.kind !== 'content')
    assert.equal(went_well, 1, `two that ${first} ${racer.kind}: ${told.join(' | ')}`);
  if (racer.kind === 'tasks') return;
  const labels = await racer.labels(client, id);
  if (first === 'delete' && second === 'delete') assert.equal(labels, null, 'it was deleted and is there');
  if (first === 'update' && second === 'update') {
    assert.equal(went_well, 2, told.join(' | '));
    assert.ok(labels?.['a'] === '1' && labels['b'] === '1', `an update was lost: ${JSON.stringify(labels)}`);
  }
}

/** A program that waits, in a folder with busybox. */
function specOf(path: string): object {
  for (const name of ['bin', 'proc', 'dev']) mkdirSync(join(folder, 'root', name), { recursive: true });
  cpSync(path, join(folder, 'root/bin/busybox'));
  return {
    ociVersion: '1.0.2',
    process: { args: ['/bin/busybox', 'sleep', '100'], cwd: '/', user: { uid: 0, gid: 0 } },
    root: { path: join(folder, 'root') },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      // runc makes its links there, and several containers have this root at once.
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
    ],
  };
}
