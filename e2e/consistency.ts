/** What must hold of a daemon, its records, folders and processes whenever nothing is under way. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { shim as messages } from '../src/wire/index.ts';
import { Shim, TtrpcClient } from '../src/wire/index.ts';
import type { Daemon } from './daemon.ts';
import { isAlive, programsBelow, waitUntil } from './processes.ts';

const settle_ms_max = 20_000;

interface ListedContainer {
  readonly Id: string;
  readonly Names: readonly string[];
  readonly ImageID: string;
  readonly State: string;
}

interface ListedImage {
  readonly Id: string;
  readonly RepoTags: readonly string[] | null;
}

interface Inspected {
  readonly Id: string;
  readonly State: { readonly Status: string; readonly Running: boolean; readonly Pid: number };
}

/** What one can see of a daemon; the same before and after a restart that had nothing to do. */
export interface Visible {
  readonly containers: readonly ListedContainer[];
  readonly images: readonly ListedImage[];
  readonly files: readonly string[];
}

export async function visible(daemon: Daemon): Promise<Visible> {
  const containers = await daemon.connection.json<ListedContainer[]>('GET', '/containers/json', {
    query: { all: '1' },
  });
  const images = await daemon.connection.json<ListedImage[]>('GET', '/images/json');
  return {
    containers: containers
      .map(({ Id, Names, ImageID, State }) => ({ Id, Names, ImageID, State }))
      .toSorted((a, b) => a.Id.localeCompare(b.Id)),
    images: images.map(({ Id, RepoTags }) => ({ Id, RepoTags })).toSorted((a, b) => a.Id.localeCompare(b.Id)),
    files: filesOf(daemon.root),
  };
}

/** Paths below a data root, without what a database writes as it likes. */
function filesOf(root: string): string[] {
  return (readdirSync(root, { recursive: true }) as string[])
    .filter((path) => !/^meta\.db-|^lock$/.test(path))
    .toSorted();
}

/**
 * Records, folders, shims and guest processes are one to one, and nothing temporary is older than the daemon.
 *
 * @throws AssertionError that says what does not hold
 */
export async function assertConsistent(daemon: Daemon, began: Date): Promise<void> {
  const { containers, files, images } = await visible(daemon);
  const inspected = await Promise.all(
    containers.map(({ Id }) => daemon.connection.json<Inspected>('GET', `/containers/${Id}/json`)),
  );
  for (const { Id, State } of inspected) {
    assert.ok(['created', 'running', 'exited'].includes(State.Status), `container ${Id} is ${State.Status}`);
    if (State.Running) assert.ok(isAlive(State.Pid), `container ${Id} is said to run as ${State.Pid}, which is gone`);
    await (
      await daemon.connection.call('GET', `/containers/${Id}/logs`, { query: { stdout: '1', stderr: '1', tail: '1' } })
    ).body.toArray();
  }
  for (const { Id, RepoTags } of images)
    assert.ok((RepoTags ?? []).length > 0, `image ${Id} is half visible: it has no name`);

  const folders = existsSync(join(daemon.root, 'containers')) ? readdirSync(join(daemon.root, 'containers')) : [];
  assert.deepEqual(
    folders.toSorted(),
    containers.map(({ Id }) => Id),
    'every container has its folder and every folder its container',
  );
  const temporary = files.filter((path) => /(^|\/)\.tmp-|^content\/ingest\/.|\.new$/.test(path));
  const old = temporary.filter(
    (path) => (statSync(join(daemon.root, path), { throwIfNoEntry: false })?.mtime ?? began) < began,
  );
  assert.deepEqual(old, [], 'no temporary file is older than the boot');

  const running = inspected.filter(({ State }) => State.Running);
  let seen: { guests: number[]; held: string[] } = { guests: [], held: [] };
  const wanted = {
    guests: running.map(({ State }) => State.Pid).toSorted(byNumber),
    held: running.map(({ Id }) => Id).toSorted(),
  };
  // A guest that was killed takes its time to go.
  await waitUntil('guests and records are one to one', settle_ms_max, async () => {
    seen = await guestsOf(daemon);
    return JSON.stringify(seen) === JSON.stringify(wanted);
  }).catch(() => assert.deepEqual(seen, wanted, 'guests, what shims hold and running containers are one to one'));
}

/** The guest processes there are, and the containers that shims say they hold. */
async function guestsOf(daemon: Daemon): Promise<{ guests: number[]; held: string[] }> {
  const guests: number[] = [];
  const held: string[] = [];
  for (const { pid, address } of daemon.shims()) {
    const info = await shimInfo(address);
    held.push(...info.containers);
    // Forked guests are their zygote's children (there may be renewed zygotes, too), spawned ones the shim's.
    const children = programsBelow(pid);
    const processes = (info.way === 'fork' ? children.flatMap(programsBelow) : children).filter(isAlive);
    guests.push(...processes.filter((each) => !info.standbyPids.includes(each)));
  }
  return { guests: guests.toSorted(byNumber), held: held.toSorted() };
}

export async function shimInfo(address: string): Promise<messages.InfoResponse> {
  const client = await TtrpcClient.connect(address);
  try {
    return await client.service(Shim).info({});
  } finally {
    client.close();
  }
}

function byNumber(a: number, b: number): number {
  return a - b;
}
