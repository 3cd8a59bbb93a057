import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { AT_FDCWD, close, memoryFile, O, openAt, pipe, write } from '../../os/index.ts';
import { rehearsalImage } from '../inside/rehearsal-image.ts';
import type { ProgramPlace } from '../job.ts';
import type { CodeCache, Program } from './code-cache.ts';
import { createForkStarter } from './fork.ts';

const dist = new URL('../../../dist/', import.meta.url).pathname;
const native = join(dist, `compiled-code-${process.version}-${process.arch}.node`);
const image = rehearsalImage();
const folder = mkdtempSync(join(tmpdir(), 'wherry-code-'));
const cache = join(folder, 'cache');
const layer = join(folder, 'layer');
after(() => rmSync(folder, { recursive: true, force: true }));

const bounds = { memory_pages_max: 65_536, table_entries_max: 1000 };

function starterHere(): ReturnType<typeof createForkStarter> {
  return createForkStarter({ node: process.execPath, script: join(dist, 'guest.js'), bubblewrap: null, native, cache });
}

/** Runs the image's program, with compiled code if it is given; gives where the program is if the guest told it. */
async function run(
  starter: ReturnType<typeof starterHere>,
  known: { place: ProgramPlace; bytes: number; fd: number } | null,
): Promise<ProgramPlace | null> {
  const nothing = openAt(AT_FDCWD, '/dev/null', O.RDWR);
  const { reader, writer } = pipe();
  const file = (bytes: Uint8Array): number => {
    const fd = memoryFile('test');
    write(fd, bytes);
    return fd;
  };
  const mine = [nothing, writer, file(image.chain_index), file(image.module), file(image.index)];
  let told: ProgramPlace | null = null;
  const guest = await starter.create({
    job: {
      args: ['/module.wasm'],
      env: [],
      cwd: '/',
      user: { uid: 0, gid: 0, groups: [] },
      root_read_only: true,
      layers: [{ diff_id: image.diff_id, index_bytes: image.index.length }],
      chain_index_bytes: image.chain_index.length,
      mounts: [],
      touched: [],
      listening: [],
      all_walls: false,
      ...bounds,
      code: known === null ? null : { place: known.place, bytes: known.bytes },
      host_uid: null,
    },
    descriptors: [nothing, writer, writer, ...mine.slice(2), ...(known === null ? [] : [known.fd])],
    answer: () => {
      throw new Error('nothing is to be asked');
    },
    program: (place) => (told = place),
    place: () => [],
  });
  guest.start();
  assert.deepEqual((await guest.ended).said, { code: 0, trap: null });
  for (const fd of [...mine, reader]) close(fd);
  return told;
}

async function compiled(code: CodeCache, program: Program): Promise<{ fd: number; bytes: number }> {
  code.compileLater(program, layer);
  for (let tries = 0; tries < 500; tries++) {
    const found = code.find(program);
    if (found !== null) return found;
    await sleep(20);
  }
  throw new Error('it was not compiled');
}

test('a program that was run once has its code compiled, and the next run takes it', async () => {
  mkdirSync(layer);
  writeFileSync(join(layer, 'tar'), image.module);
  writeFileSync(join(layer, 'index'), image.index);
  const starter = starterHere();
  try {
    const place = await run(starter, null);
    assert.ok(place !== null && place.size === image.module.length);
    const program: Program = { diff_id: image.diff_id, place, ...bounds };
    const code = starter.code!;
    assert.equal(code.find(program), null);
    const found = await compiled(code, program);
    assert.equal(await run(starter, { place, ...found }), null, 'it took the code');
    // Code of another place is not for this program.
    assert.deepEqual(await run(starter, { place: { ...place, offset: place.offset + 1 }, ...found }), place);
    // Bounds are part of the program that is compiled.
    assert.equal(code.find({ ...program, memory_pages_max: 1 }), null);
    close(found.fd);
  } finally {
    starter.close();
  }
});

test('a file of code that is not as it was written is not used, and made again', async () => {
  const place: ProgramPlace = { layer: 0, offset: 0, size: image.module.length };
  const program: Program = { diff_id: image.diff_id, place, ...bounds };
  const damages: readonly ((path: string) => void)[] = [
    (path) => truncateSync(path, statSync(path).size - 1),
    (path) => truncateSync(path, 10),
    (path) => {
      const bytes = readFileSync(path);
      bytes[bytes.length - 1]! ^= 1;
      writeFileSync(path, bytes);
    },
  ];
  for (const damage of damages) {
    const starter = starterHere();
    try {
      await starter.prepare();
      const [name] = readdirSync(cache);
      const path = join(cache, name!);
      damage(path);
      assert.equal(starter.code!.find(program), null);
      assert.deepEqual(readdirSync(cache), []);
      close((await compiled(starter.code!, program)).fd);
      assert.deepEqual(readdirSync(cache), [name]);
      assert.equal(statSync(path).mode & 0o777, 0o600);
    } finally {
      starter.close();
    }
  }
});
