/** Hostile guests, each in a container through the Docker API: how it ends, and that the host is as before. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { generated } from './generated.ts';
import { Stage } from './stage.ts';
import { hostile_guests, type HostileGuest } from './table.ts';

const only = process.env['WHERRY_HOSTILE'];
const chosen = hostile_guests.filter(({ name }) => only === undefined || only.split(',').includes(name));
const neighbours = 3;
/** What is played first, so that all that is made once is made. */
const warming: readonly HostileGuest[] = hostile_guests.filter(({ name }) => ['file-many', 'exit-1'].includes(name));

let stage: Stage;

before(async () => {
  stage = await Stage.open([...chosen, ...warming], neighbours);
  for (const guest of warming) await stage.play(guest);
  await stage.remember();
});

after(async () => {
  await stage.close();
});

test('every program that is kept is played, and every guest has another name', () => {
  const programs = new Set(hostile_guests.map(({ program }) => program));
  const kept = readdirSync(join(import.meta.dirname, 'guests'))
    .filter((name) => name.endsWith('.wasm'))
    .map((name) => name.slice(0, -'.wasm'.length));
  assert.deepEqual([...kept, ...Object.keys(generated)].toSorted(), [...programs].toSorted());
  assert.equal(new Set(hostile_guests.map(({ name }) => name)).size, hostile_guests.length);
});

for (const guest of chosen)
  test(`${guest.class}: ${guest.name}: ${guest.rule}`, async () => {
    await stage.play(guest);
    await stage.assertAsBefore();
  });

test('the neighbours have lost no line', async () => {
  assert.ok((await stage.assertNeighbours()) > 0);
});
