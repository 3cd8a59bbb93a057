import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import type { ForeignBundle, Hook } from './foreign-bundle.ts';
import { runHooks } from './hooks.ts';

describe('hooks', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'wherry-'))));
  after(() => rmSync(folder, { recursive: true }));

  const sh = (script: string, more: Partial<Hook> = {}): Hook => ({
    path: '/bin/sh',
    args: ['sh', '-c', script],
    env: [],
    timeout_ms: null,
    ...more,
  });

  const run = (...poststart: Hook[]): Promise<void> =>
    runHooks(
      'poststart',
      'running',
      {
        id: 'one',
        bundle: folder,
        pid: 7,
        spec: { oci_version: '1.1.0', annotations: { a: 'b' }, hooks: { poststart } } as unknown as ForeignBundle,
      },
      '/none',
    );

  test('are told the state of the container, one after the other, in its bundle', async () => {
    await run(sh('cat >first'), sh('test -s first && echo "$NAME" >second', { env: ['NAME=x=y'] }));
    assert.deepEqual(JSON.parse(readFileSync(join(folder, 'first'), 'utf8')), {
      ociVersion: '1.1.0',
      id: 'one',
      status: 'running',
      pid: 7,
      bundle: folder,
      annotations: { a: 'b' },
    });
    assert.equal(readFileSync(join(folder, 'second'), 'utf8'), 'x=y\n');
  });

  test('end with the first that fails, whose words are told', async () => {
    await assert.rejects(run(sh('echo out; echo err >&2; exit 4'), sh('touch third')), {
      class: 'FailedPrecondition',
      message: 'error running poststart hook #0: exit status 4, stdout: out\n, stderr: err\n',
    });
    assert.throws(() => readFileSync(join(folder, 'third')));
    await assert.rejects(run(sh('', { path: '/no/such' })), { message: /ENOENT/ });
  });

  test('are ended when they take longer than they say, with what they started', { timeout: 30_000 }, async () => {
    const pids = join(folder, 'pids');
    await assert.rejects(run(sh(`echo $$ > ${pids}; sleep 100 & echo $! >> ${pids}; sleep 100`, { timeout_ms: 300 })), {
      message: /hook ran past specified timeout of 0\.3s/,
    });
    for (const pid of readFileSync(pids, 'utf8').trim().split('\n'))
      // One that was killed goes a moment later; one that was not would stay for its hundred seconds.
      while (isRunning(Number(pid))) await sleep(5);
  });
});

/** One that has ended and waits for its parent to take notice does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
