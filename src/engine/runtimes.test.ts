import assert from 'node:assert/strict';
import { test } from 'node:test';

import { defaultRuntime, installedRuntimes, namedRuntime, runtimeProgram, wasm_runtime } from './runtimes.ts';

test('a runtime is named as Docker names them, or by its shim', () => {
  assert.equal(namedRuntime(''), null);
  assert.equal(namedRuntime('wherry')?.name, wasm_runtime);
  assert.deepEqual(namedRuntime('crun'), { shown: 'crun', name: 'io.containerd.runc.v2', binary: 'crun' });
  assert.deepEqual(namedRuntime('io.containerd.x-y.v3'), {
    shown: 'io.containerd.x-y.v3',
    name: 'io.containerd.x-y.v3',
    binary: '',
  });
  for (const name of ['nope', '../x.v1', '/bin/sh', 'io.containerd.runc', 'a b.v1']) {
    assert.throws(() => namedRuntime(name), {
      class: 'InvalidArgument',
      message: `unknown or invalid runtime name: ${name}`,
    });
  }
});

test('WebAssembly is run by our own shim, whatever is installed', () => {
  assert.equal(defaultRuntime('wasm', true).name, wasm_runtime);
  assert.equal(defaultRuntime('linux', false).name, 'io.containerd.runc.v2');
  assert.equal(installedRuntimes()[0]?.name, wasm_runtime);
  assert.equal(runtimeProgram({ name: wasm_runtime, binary: '' }, true), '');
});

test('what is not there, or not without root, is said with what to do', () => {
  assert.throws(() => runtimeProgram({ name: 'io.containerd.runc.v2', binary: 'no-such-runtime' }, false), {
    class: 'FailedPrecondition',
    message: /^Cannot run Linux containers with no-such-runtime: it is not installed/,
  });
  assert.throws(() => runtimeProgram({ name: 'io.containerd.runc.v2', binary: 'runc' }, true), {
    class: 'FailedPrecondition',
    message: /runc needs control groups, which only root may make\. crun does without/,
  });
});
