import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createBody, type RunOptions } from './run-request.ts';

const none: RunOptions = {
  env: [],
  envFile: [],
  volume: [],
  mount: [],
  tmpfs: [],
  label: [],
  publish: [],
  logOpt: [],
  pull: 'missing',
};

interface Body {
  Cmd?: string[];
  Env: string[];
  StdinOnce: boolean;
  HostConfig: Record<string, unknown>;
}

function body(options: Partial<RunOptions>, args: string[] = []): Body {
  return createBody('hello', args, { ...none, ...options }) as unknown as Body;
}

test('a name without a value takes the value of this shell, or none', () => {
  process.env['WHERRY_TEST_NAME'] = 'here';
  delete process.env['WHERRY_TEST_NONE'];
  assert.deepEqual(body({ env: ['A=1', 'WHERRY_TEST_NAME', 'WHERRY_TEST_NONE'] }).Env, [
    'A=1',
    'WHERRY_TEST_NAME=here',
    'WHERRY_TEST_NONE',
  ]);
});

test('stdin ends with its one client only when the run is attached', () => {
  assert.equal(body({ interactive: true }).StdinOnce, true);
  assert.equal(body({ interactive: true, detach: true }).StdinOnce, false);
});

test('sizes, mounts and restart policies are read as Docker reads them', () => {
  const { HostConfig } = body({
    memory: '64m',
    restart: 'on-failure:3',
    mount: ['type=bind,src=/a,dst=/b,ro'],
    tmpfs: ['/t:size=1m'],
  });
  assert.equal(HostConfig['Memory'], 67_108_864);
  assert.deepEqual(HostConfig['RestartPolicy'], { Name: 'on-failure', MaximumRetryCount: 3 });
  assert.deepEqual(HostConfig['Mounts'], [{ Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true }]);
  assert.deepEqual(HostConfig['Tmpfs'], { '/t': 'size=1m' });
});

test('a debugger is waited for by an annotation, and only when it is asked for', () => {
  assert.deepEqual(body({ debug: true }).HostConfig['Annotations'], { 'dev.wherry.debug': '1' });
  assert.equal(body({}).HostConfig['Annotations'], undefined);
});

test('a core dump is asked for by an annotation, beside a debugger, and not of what removes itself', () => {
  assert.deepEqual(body({ coredump: true }).HostConfig['Annotations'], { 'dev.wherry.coredump': '1' });
  assert.deepEqual(body({ coredump: true, debug: true }).HostConfig['Annotations'], {
    'dev.wherry.debug': '1',
    'dev.wherry.coredump': '1',
  });
  assert.throws(() => body({ coredump: true, rm: true }), /conflicting options: --coredump and --rm/);
});

test('a flag that cannot be read is named', () => {
  assert.throws(() => body({ memory: 'lots' }), /invalid argument "lots" for "-m, --memory" flag/);
  assert.throws(() => body({ publish: ['70000:80'] }), /invalid argument "70000:80" for "-p, --publish" flag/);
  assert.throws(() => body({ mount: ['type=bind,what=1'] }), /unexpected key 'what'/);
});

test('ports are sent one by one, as the API has them', () => {
  const bindings = (...publish: string[]): unknown =>
    (body({ publish }) as unknown as { HostConfig: { PortBindings: unknown } }).HostConfig.PortBindings;
  assert.deepEqual(bindings('8080:80', '127.0.0.1:9000:80', '[::1]::443'), {
    '80/tcp': [
      { HostIp: '', HostPort: '8080' },
      { HostIp: '127.0.0.1', HostPort: '9000' },
    ],
    '443/tcp': [{ HostIp: '::1', HostPort: '' }],
  });
  assert.deepEqual(bindings('8000-8001:80-81'), {
    '80/tcp': [{ HostIp: '', HostPort: '8000' }],
    '81/tcp': [{ HostIp: '', HostPort: '8001' }],
  });
  assert.deepEqual(bindings('8000-8010:80'), { '80/tcp': [{ HostIp: '', HostPort: '8000-8010' }] });
  assert.deepEqual(bindings('53/udp'), { '53/udp': [{ HostIp: '', HostPort: '' }] });
  assert.throws(() => bindings('8000-8010:80-81'), /invalid ranges specified for container and host Ports/);
});
