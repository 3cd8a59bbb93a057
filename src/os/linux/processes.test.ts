import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { dataBytes, limitProcess, RLIMIT } from './processes.ts';

test('another process’s data can be bounded, more, less and not at all', async (t) => {
  const child = spawn('sleep', ['60']);
  t.after(() => child.kill('SIGKILL'));
  await once(child, 'spawn');
  const pid = child.pid!;
  const soft = (): string => /^Max data size +(\w+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))![1]!;
  const before = soft();
  for (const value of [50_000_000n, 90_000_000n, 20_000_000n]) {
    limitProcess(pid, RLIMIT.DATA, value);
    assert.equal(soft(), String(value));
  }
  limitProcess(pid, RLIMIT.DATA, null);
  assert.equal(soft(), before);
  assert.ok(dataBytes(pid)! > 0);
  child.kill('SIGKILL');
  await once(child, 'exit');
  assert.equal(dataBytes(pid), null);
  assert.throws(() => limitProcess(pid, RLIMIT.DATA, null), { code: 'ESRCH' });
});
