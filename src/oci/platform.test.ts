import assert from 'node:assert/strict';
import { test } from 'node:test';

import { formatPlatform, parsePlatform, platformMatch } from './index.ts';

test('platforms are parsed in every spelling users try', () => {
  const cases: [string, string][] = [
    ['wasi/wasm', 'wasi/wasm'],
    ['wasi/wasm32', 'wasi/wasm'],
    ['wasip1/wasm', 'wasip1/wasm'],
    ['wasm', 'wasi/wasm'],
    ['wasm32', 'wasi/wasm'],
    ['wasi', 'wasi/wasm'],
    ['WASI/WASM', 'wasi/wasm'],
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux', 'linux/amd64'],
    ['aarch64', 'linux/arm64'],
    ['macos/arm64', 'darwin/arm64'],
  ];
  for (const [text, expected] of cases) assert.equal(formatPlatform(parsePlatform(text)), expected, text);
  assert.equal(formatPlatform(parsePlatform('linux', 'arm64')), 'linux/arm64');
  for (const text of ['', 'bogus', 'a/b/c/d', 'linux/', 'linux/a b']) {
    assert.throws(
      () => parsePlatform(text),
      { class: 'InvalidArgument', message: /^failed to parse platform: / },
      text,
    );
  }
});

test('Wasm by any name serves who wants Wasm, and never who wants Linux', () => {
  const match = (wanted: string, offered: string): boolean =>
    platformMatch(parsePlatform(wanted), parsePlatform(offered)) > 0;
  for (const offered of ['wasi/wasm', 'wasip1/wasm', 'wasi/wasm32', 'wasip2/wasm'])
    assert.ok(match('wasi/wasm', offered));
  assert.ok(match('wasip1/wasm', 'wasi/wasm'));
  assert.ok(!match('wasip1/wasm', 'wasip2/wasm'));
  assert.ok(!match('linux/amd64', 'wasi/wasm'));
  assert.ok(!match('wasi/wasm', 'linux/amd64'));
  assert.ok(match('linux/arm/v7', 'linux/arm/v6') && !match('linux/arm/v6', 'linux/arm/v7'));
  assert.ok(platformMatch({ os: 'linux', architecture: 'wasm' }, { os: 'linux', architecture: 'amd64' }) === 0);
});
