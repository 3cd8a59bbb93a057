import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { type ForeignBundle, readForeignBundle } from './foreign-bundle.ts';

describe('a bundle of a containerd', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'wherry-'))));
  after(() => rmSync(folder, { recursive: true }));

  function read(spec: unknown): ForeignBundle {
    writeFileSync(join(folder, 'config.json'), JSON.stringify(spec));
    return readForeignBundle(folder);
  }

  test('says what is around its guest', () => {
    const { hooks, namespaces, group, is_sandbox, root } = read({
      ociVersion: '1.1.0',
      root: { path: 'rootfs' },
      annotations: { 'io.kubernetes.cri.container-type': 'sandbox' },
      hooks: { poststop: [{ path: '/bin/cni', timeout: 3 }] },
      linux: {
        cgroupsPath: '/default/one',
        namespaces: [{ type: 'pid' }, { type: 'network', path: '/run/netns/x' }, { type: 'uts' }, { type: 'mount' }],
      },
    });
    assert.deepEqual(hooks.poststop, [{ path: '/bin/cni', args: ['/bin/cni'], env: [], timeout_ms: 3000 }]);
    assert.deepEqual(hooks.prestart, []);
    assert.deepEqual(namespaces, [
      { type: 'network', path: '/run/netns/x' },
      { type: 'uts', path: null },
    ]);
    assert.equal(group, '/default/one');
    assert.equal(is_sandbox, true);
    assert.equal(root, join(folder, 'rootfs'));
  });

  test("reads systemd's names of control groups", () => {
    const of = (cgroupsPath: string): string | null => read({ linux: { cgroupsPath } }).group;
    assert.equal(
      of('kubepods-burstable-pod1.slice:cri-containerd:abc'),
      '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-abc.scope',
    );
    assert.equal(of('system.slice::abc'), '/system.slice/abc.scope');
    assert.equal(of(''), null);
  });

  test('is refused in words when it is not as the specification has it', () => {
    for (const [spec, words] of [
      [[], /config\.json is not an object/],
      [{ annotations: { a: 1 } }, /annotations\["a"\] is not a string/],
      [{ hooks: { prestart: {} } }, /hooks\.prestart is not a list/],
      [{ hooks: { prestart: [{ path: 'sh' }] } }, /hooks\.prestart\.path is not absolute/],
      [{ hooks: { prestart: [{ path: '/sh', timeout: -1 }] } }, /hooks\.prestart\.timeout/],
      [{ hooks: { prestart: Array.from({ length: 65 }, () => ({ path: '/sh' })) } }, /of 64 at most/],
      [{ linux: { cgroupsPath: '/a/../../b' } }, /linux\.cgroupsPath is not a path without/],
      [{ linux: { namespaces: [{ type: 'network', path: 'a\0b' }] } }, /namespaces\.path is not a string/],
    ] as const)
      assert.throws(() => read(spec), { class: 'InvalidArgument', message: words });
  });
});
