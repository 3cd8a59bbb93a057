import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { readSettings, type Settings } from './settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'wherry-settings-'));
after(() => rmSync(folder, { recursive: true }));

function file(content: string): string {
  const path = join(folder, 'daemon.json');
  writeFileSync(path, content);
  return path;
}

function run(argv: string[], env: Record<string, string> = {}): Settings {
  const asked = readSettings(argv, env);
  assert.equal(asked.kind, 'run');
  return (asked as { settings: Settings }).settings;
}

test('flags go before the file, the file before the environment', () => {
  const path = file('{"data-root": "/from/file", "debug": true, "insecure-registries": ["r:5000"]}');
  const settings = run(['--config-file', path, '--exec-root', '/from/flag'], {
    WHERRY_ROOT: '/env',
    WHERRY_STATE: '/env',
  });
  assert.equal(settings.root, '/from/file');
  assert.equal(settings.state, '/from/flag');
  assert.equal(settings.log_level, 'debug');
  assert.deepEqual(settings.insecure_registries, ['r:5000']);
  assert.equal(run([], { WHERRY_ROOT: '/env', WHERRY_STATE: '/env2' }).root, '/env');
});

test('hosts may be several', () => {
  assert.deepEqual(run(['-H', 'unix:///a', '-H', 'tcp://127.0.0.1:0']).hosts, ['unix:///a', 'tcp://127.0.0.1:0']);
});

test('what is not known, or said twice, is named', () => {
  assert.throws(() => readSettings(['--frobnicate'], {}), /--frobnicate/);
  assert.throws(
    () => readSettings(['--config-file', file('{"bip": "1"}')], {}),
    /don't match any configuration option: bip/,
  );
  assert.throws(() => readSettings(['--config-file', file('{"hosts": "x"}')], {}), /hosts has the wrong type/);
  assert.throws(() => readSettings(['--config-file', file('{')], {}), /unable to configure the daemon/);
  assert.throws(
    () => readSettings(['--debug', '--config-file', file('{"debug": true}')], {}),
    /both as a flag and in the configuration file: debug/,
  );
  assert.throws(() => readSettings(['--log-level', 'loud'], {}), /invalid logging level: loud/);
});
