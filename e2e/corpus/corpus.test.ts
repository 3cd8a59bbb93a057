/**
 * Guests of one rule of preview 1 each, a container each, with their files in turn in the image, in a folder of the host,
 * in a volume and in a tmpfs. What is in memory is compared in `src/vfs/corpus.test.ts`.
 */
import assert from 'node:assert/strict';
import { globSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { checkout, type Daemon, startDaemon } from '../daemon.ts';
import { imageArchive, type ImageFile } from '../image.ts';

const corpus = join(checkout, 'e2e/corpus');
const guests = globSync('*/*.wasm', { cwd: corpus }).sort();
const at_once = 4;

/** What the guests work on; one that finds nothing makes it, see `guest.h`. */
const fixture: readonly ImageFile[] = [
  { path: 'dir', dir: true },
  { path: 'dir/inner', bytes: 'inner' },
  { path: 'empty', dir: true },
  { path: 'file', bytes: 'hello' },
  { path: 'link', symlink: 'file' },
  { path: 'dirlink', symlink: 'dir' },
  { path: 'dangling', symlink: 'nowhere' },
  { path: 'loop', symlink: 'loop' },
];

/** The options of `docker run` that put a guest's files at `/t`; a folder of this container alone to use. */
const kinds: Readonly<Record<string, (folder: string) => readonly string[]>> = {
  image: () => [],
  bind(folder) {
    for (const file of fixture) {
      const path = join(folder, file.path);
      if ('dir' in file) mkdirSync(path);
      else if ('symlink' in file) symlinkSync(file.symlink, path);
      else writeFileSync(path, file.bytes);
    }
    return ['-v', `${folder}:/t`];
  },
  // An empty volume is filled with what the image has at its place.
  volume: () => ['-v', '/t'],
  tmpfs: () => ['--tmpfs', '/t'],
};

async function load(daemon: Daemon): Promise<void> {
  const programs = guests.map((path) => ({
    path: `bin/${path}`,
    bytes: readFileSync(join(corpus, path)),
    mode: 0o755,
  }));
  const files = fixture.map((file) => ({ ...file, path: `t/${file.path}` }));
  await daemon.ok(['load'], { input: await imageArchive({ tag: 'corpus', files: [...programs, ...files] }) });
}

test('every rule of the corpus holds in containers', async () => {
  assert.ok(guests.length >= 250, 'the corpus is whole');
  const daemon = await startDaemon();
  try {
    await load(daemon);
    const failures: string[] = [];
    for (const [kind, options] of Object.entries(kinds)) {
      const waiting = [...guests];
      const failed_before = failures.length;
      const worker = async (): Promise<void> => {
        for (let guest = waiting.shift(); guest !== undefined; guest = waiting.shift()) {
          const folder = join(daemon.folder, 'corpus', kind, guest);
          mkdirSync(folder, { recursive: true });
          const program = ['--entrypoint', `/bin/${guest}`, 'corpus', 'one', 'two words'];
          const run = ['run', '--rm', '-e', 'GIVEN=a value', ...options(folder), ...program];
          const { code, stderr } = await daemon.docker(run, { env: {} });
          rmSync(folder, { recursive: true });
          if (code !== 0) failures.push(`${kind}, ${guest} ends with ${code}: ${stderr.trim()}`);
        }
      };
      await Promise.all(Array.from({ length: at_once }, worker));
      const passed = guests.length - (failures.length - failed_before);
      console.log(`corpus: ${passed} of ${guests.length} rules hold, files in: ${kind}`);
    }
    assert.deepEqual(failures, []);
  } finally {
    await daemon.stop();
  }
});
