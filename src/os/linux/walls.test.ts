import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';

import { denyByLandlock, landlockVersion } from '../index.ts';

const door = new URL('../index.ts', import.meta.url).href;

/** Runs `code` in a process of its own, which what it does to itself ends with; gives what it prints. */
function inProcess(code: string): string {
  const script = `import * as os from ${JSON.stringify(door)}; import fs from 'node:fs';
    const attempt = (act) => { try { act(); return 'done'; } catch (error) { return error.code; } };
    ${code}`;
  const flags = ['--experimental-ffi', '--no-warnings', '--input-type=module', '-e', script];
  const { stdout, stderr, status } = spawnSync(process.execPath, flags, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Enough for a Node process to print and to end. */
const needed = `[
  'read', 'write', 'writev', 'close', 'mmap', 'munmap', 'mprotect', 'madvise', 'brk', 'futex', 'epoll_wait', 'epoll_ctl',
  'epoll_pwait', 'rt_sigaction', 'rt_sigprocmask', 'rt_sigreturn', 'getpid', 'gettid', 'clock_gettime', 'exit',
  'exit_group', 'fstat', 'ioctl', 'getrusage', 'sched_yield', 'dup',
].map((name) => ({ name }))`;

describe('a filter of system calls', () => {
  test('lets through what it names, and answers all else with EPERM, in threads that ran before, too', () => {
    const printed = inProcess(`
      os.noNewPrivileges();
      const { reader } = os.pipe();
      await fs.promises.readFile('/proc/version');
      os.filterSystemCalls(os.writeFilter(${needed}));
      const reads = await new Promise((resolve) => fs.readFile('/proc/version', (error) => resolve(error?.code)));
      fs.writeSync(1, JSON.stringify([
        attempt(() => os.close(reader)),
        attempt(() => os.pipe()),
        attempt(() => process.kill(process.pid, 0)),
        reads,
      ]));
      os.exitNow(0);`);
    assert.deepEqual(JSON.parse(printed), ['done', 'EPERM', 'EPERM', 'EPERM']);
  });

  test('looks at arguments', () => {
    const printed = inProcess(`
      os.noNewPrivileges();
      os.filterSystemCalls(os.writeFilter([
        ...${needed},
        { name: 'fcntl', only: [{ argument: 1, values: [1, 3] }] },
      ]));
      fs.writeSync(1, JSON.stringify([
        attempt(() => os.statusFlags(1)),
        attempt(() => os.setStatusFlags(1, 0)),
        attempt(() => os.duplicate(1)),
      ]));
      os.exitNow(0);`);
    assert.deepEqual(JSON.parse(printed), ['done', 'EPERM', 'EPERM']);
  });

  test('rehearsed, it changes nothing', () => {
    const printed = inProcess(`
      os.noNewPrivileges();
      os.filterSystemCalls(os.writeFilter([]), true);
      os.dropCapabilities(true);
      if (os.landlockVersion() > 0) os.denyByLandlock(os.landlockVersion(), true);
      console.log(attempt(() => fs.readFileSync('/proc/version')));`);
    assert.equal(printed, 'done\n');
  });
});

test('landlock denies every file by its path and leaves what is open, or is not there', () => {
  if (landlockVersion() === 0) {
    assert.throws(() => denyByLandlock(1, true), /landlock_create_ruleset/);
    return;
  }
  const printed = inProcess(`
      const open = fs.openSync('/proc/version', 'r');
      os.noNewPrivileges();
      os.denyByLandlock(os.landlockVersion());
      fs.writeSync(1, JSON.stringify([
        attempt(() => fs.readFileSync('/proc/version')),
        attempt(() => fs.writeFileSync('/tmp/denied', '')),
        attempt(() => fs.readSync(open, Buffer.alloc(1))),
      ]));`);
  assert.deepEqual(JSON.parse(printed), ['EACCES', 'EACCES', 'done']);
});
