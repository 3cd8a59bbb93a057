import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';

import { canMount } from '../snapshots/kernel-mounts.ts';
import { openCore } from '../testing/open-core.ts';
import { coreFolders } from '../testing/temporary.ts';

const program = fileURLToPath(new URL('../testing/unpacker.ts', import.meta.url));

/** The files below a folder, with what they hold. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
}

test('a layer is unpacked as a whole or not at all, whenever the daemon is killed', async (t) => {
  if (!canMount()) return;
  const places = coreFolders(t);
  const { root, state } = places;
  const unpacked = join(root, 'snapshots', 'unpacked');
  for (let round = 0; round < 2; round++) {
    const child = spawn(process.execPath, [...process.execArgv, program, root, state], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const gone = once(child, 'exit');
    // Each line is one that is being unpacked; those before it are.
    let lines = 0;
    while (lines <= round) {
      const [text] = (await Promise.race([once(child.stdout, 'data'), gone])) as [Buffer];
      lines += String(text).split('\n').length - 1;
    }
    await sleep(round * 10);
    child.kill('SIGKILL');
    const [, signal] = (await gone) as [number | null, string | null];
    assert.equal(signal, 'SIGKILL');
    const core = await openCore(places);
    await core.recover();
    const names = readdirSync(unpacked);
    assert.ok(names.every((name) => /^[dcf]/.test(name)));
    for (const name of names.filter((each) => each.startsWith('d'))) {
      const files = filesOf(join(unpacked, name));
      assert.deepEqual([...new Set(files)], [String(files.length)], name);
    }
    await core.close();
  }
  assert.ok(readdirSync(unpacked).length > 1);
});
