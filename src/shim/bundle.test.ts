import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { memory_pages_max } from '../limits/index.ts';
import { type Bundle, readBundle, rootFilesystem } from './bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'wherry-bundle-'));
after(() => rmSync(folder, { recursive: true }));

function read(spec: unknown): Bundle {
  writeFileSync(join(folder, 'config.json'), typeof spec === 'string' ? spec : JSON.stringify(spec));
  return readBundle(folder);
}

test('a specification that says only what to run has usual values for the rest', () => {
  const bundle = read({ process: { args: ['x'] }, mounts: null, linux: null });
  assert.deepEqual([bundle.args, bundle.env, bundle.cwd], [['x'], [], '/']);
  assert.deepEqual(bundle.user, { uid: 0, gid: 0, groups: [] });
  assert.deepEqual([bundle.terminal, bundle.console_size, bundle.root_read_only], [false, null, false]);
  assert.deepEqual(bundle.mounts, []);
  assert.equal(bundle.memory_pages_max, memory_pages_max);
});

test('all that a guest has anything of is taken', () => {
  const bundle = read({
    root: { path: 'rootfs', readonly: true },
    process: {
      args: ['/module.wasm', 'a'],
      env: ['A=1'],
      cwd: '/work',
      terminal: true,
      consoleSize: { width: 120, height: 40 },
      user: { uid: 1000, gid: 100, additionalGids: [4, 5] },
    },
    linux: { resources: { memory: { limit: 6_400_000 } } },
  });
  assert.deepEqual([bundle.args, bundle.env, bundle.cwd], [['/module.wasm', 'a'], ['A=1'], '/work']);
  assert.deepEqual(bundle.user, { uid: 1000, gid: 100, groups: [4, 5] });
  assert.deepEqual(bundle.console_size, { width: 120, height: 40 });
  assert.deepEqual([bundle.terminal, bundle.root_read_only], [true, true]);
  // Whole pages of 64 KiB that fit.
  assert.equal(bundle.memory_pages_max, 97);
});

test('of the mounts of a specification for Linux those are left that mean something here', () => {
  const { mounts } = read({
    process: { args: ['x'] },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/dev/shm', type: 'tmpfs', source: 'shm' },
      { destination: '/dev/pts', type: 'devpts', source: 'devpts' },
      { destination: '/sys', type: 'sysfs', source: 'sysfs' },
      { destination: '/scratch', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/data', type: 'bind', source: '/srv', options: ['rbind', 'ro'] },
      { destination: '/more', type: 'none', source: '/opt', options: ['bind'] },
    ],
  });
  assert.deepEqual(mounts, [
    { destination: '/scratch', source: '', kind: 'tmpfs', read_only: false },
    { destination: '/data', source: '/srv', kind: 'bind', read_only: true },
    { destination: '/more', source: '/opt', kind: 'bind', read_only: false },
  ]);
});

test('what is not as the runtime specification has it is named', () => {
  const process = { args: ['x'] };
  for (const [spec, message] of [
    ['{"process":', /^Cannot read the bundle's .*config\.json: /],
    [[], /config\.json is not an object/],
    [{}, /process is not an object/],
    [{ process: {} }, /process\.args is not a list/],
    [{ process: { args: [] } }, /process\.args is empty/],
    [{ process: { args: [1] } }, /process\.args is not a string/],
    [{ process: { args: ['x'], user: { uid: -1 } } }, /process\.user\.uid is not a number/],
    [{ process: { args: ['x'], cwd: 1 } }, /process\.cwd is not a string/],
    [{ process, mounts: [{ destination: 'data', type: 'bind', source: '/x' }] }, /"data": the path must be absolute/],
    [{ process, mounts: [{ destination: '/x', type: 'nfs', source: 'y' }] }, /type "nfs" is not known here/],
  ] as const)
    assert.throws(() => read(spec), { class: 'InvalidArgument', message });
});

test('the root filesystem is one mount that names a chain and its layers', () => {
  const options = ['chain=/c/index', 'layer=/l/base', 'layer=/l/top'];
  assert.deepEqual(rootFilesystem([{ type: 'wherry', source: '/upper', options }]), {
    upper: '/upper',
    chain_index: '/c/index',
    layers: ['/l/base', '/l/top'],
  });
  assert.equal(rootFilesystem([{ type: 'wherry', source: '', options }]).upper, null);
  for (const mounts of [
    [],
    [{ type: 'overlay', source: 'overlay', options: [] }],
    [{ type: 'wherry', source: '', options: [] }],
  ])
    assert.throws(() => rootFilesystem(mounts), { class: 'InvalidArgument' });
});
