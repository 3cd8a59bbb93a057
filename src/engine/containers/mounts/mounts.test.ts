import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseBind } from './parse-bind.ts';

test('a bind names a host path or a volume, a place and a mode', () => {
  const bind = parseBind('/host/./a/:/in/', '');
  assert.equal(bind.type, 'bind');
  assert.equal(bind.source, '/host/a');
  assert.equal(bind.destination, '/in');
  assert.equal(bind.propagation, 'rprivate');
  assert.equal(bind.create_source, true);
  assert.equal(parseBind('/a:/b:ro,rslave,Z', '').read_only, true);
  assert.equal(parseBind('/a:/b:ro,rslave,Z', '').propagation, 'rslave');
  const volume = parseBind('data:/b', 'local');
  assert.deepEqual([volume.type, volume.source, volume.mode, volume.copy_up], ['volume', 'data', 'z', true]);
  assert.equal(parseBind('data:/b:nocopy', '').copy_up, false);
  assert.equal(parseBind('/only', '').source, '');
});

test('a bind that makes no sense is refused with Docker’s text', () => {
  for (const [spec, text] of [
    ['/a:/b:ro:x', "invalid volume specification: '/a:/b:ro:x'"],
    ['/a:', "invalid volume specification: '/a:'"],
    ['/a:ro', "invalid volume specification: '/a:ro'"],
    ['/a:/b:loud', 'invalid mode: loud'],
    ['/a:/b:ro,rw', 'invalid mode: ro,rw'],
    ['/a:/b:nocopy', 'invalid mode: nocopy'],
    ['data:/b:shared', 'invalid mode: shared'],
    [
      '/a:b',
      "invalid volume specification: '/a:b': invalid mount config for type \"bind\": invalid mount path: 'b' mount path must be absolute",
    ],
    [
      '/a:/',
      "invalid volume specification: '/a:/': invalid mount config for type \"bind\": invalid specification: destination can't be '/'",
    ],
  ] as const) {
    assert.throws(() => parseBind(spec, ''), { class: 'Unknown', message: text });
  }
});
