import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

const dist = new URL('../../../dist/', import.meta.url).pathname;

function doctor(...flags: string[]): { code: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${dist}cli.js`, 'doctor', ...flags], {
    encoding: 'utf8',
    // No bubblewrap, whatever this machine has.
    env: { PATH: '/nonexistent' },
  });
  return { code: status, stdout, stderr };
}

interface Found {
  readonly checks: readonly { name: string; state: string; found: string; takes: string }[];
  readonly guest: { way: string; walls: readonly string[]; missing: readonly string[]; failed: string | null };
}

test('doctor says what is there, what is missing and what that would take, and starts a guest to see', () => {
  const { code, stdout, stderr } = doctor('--format', 'json');
  assert.equal(code, 0, stderr);
  const { checks, guest } = JSON.parse(stdout) as Found;
  assert.deepEqual(
    checks.map(({ name }) => name),
    [
      'node',
      'ffi',
      'fork-safety',
      'bubblewrap',
      'user namespaces',
      'landlock',
      'seccomp',
      'cgroup v2',
      'cgroup v1',
      'openat2',
    ],
  );
  for (const { name, state, takes } of checks) assert.equal(takes === '', state === 'ok', name);
  const bubblewrap = checks.find(({ name }) => name === 'bubblewrap')!;
  assert.equal(bubblewrap.state, 'missing');
  assert.match(bubblewrap.takes, /install the package bubblewrap/);
  assert.equal(guest.failed, null);
  assert.ok(guest.missing.includes('processes'));
});

test('as text it has a line for each, and one for the walls of a guest', () => {
  const { code, stdout } = doctor();
  assert.equal(code, 0);
  assert.match(stdout, /^bubblewrap +missing +no bwrap in PATH\n +takes: install the package bubblewrap/m);
  assert.match(stdout, /^walls +part .*\n +missing: .*processes/m);
});

test('a format that there is not is refused with what there is', () => {
  const { code, stderr } = doctor('--format', 'xml');
  assert.equal(code, 1);
  assert.match(stderr, /--format is json or left out, not xml/);
});
