import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ContainerConfig } from '../config.ts';
import { buildEnvironment } from './environment.ts';
import { mergeConfig } from './merge.ts';
import { resolveUser } from './user.ts';

const nothing: ContainerConfig = {
  Hostname: 'h',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  ExposedPorts: [],
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: [],
  Cmd: null,
  Healthcheck: null,
  ArgsEscaped: false,
  Image: 'x',
  Volumes: [],
  WorkingDir: '',
  Entrypoint: null,
  NetworkDisabled: false,
  MacAddress: '',
  OnBuild: null,
  Labels: {},
  StopSignal: '',
  StopTimeout: null,
  Shell: null,
};

test('the image’s command serves where none is asked for', () => {
  const image = { Entrypoint: ['/a.wasm'], Cmd: ['x'] };
  const command = (asked: Partial<ContainerConfig>): unknown => {
    const { Entrypoint, Cmd } = mergeConfig({ ...nothing, ...asked }, image);
    return [Entrypoint, Cmd];
  };
  assert.deepEqual(command({}), [['/a.wasm'], ['x']]);
  assert.deepEqual(command({ Cmd: ['y'] }), [['/a.wasm'], ['y']]);
  assert.deepEqual(command({ Entrypoint: ['/b'] }), [['/b'], null]);
  assert.deepEqual(command({ Entrypoint: [''], Cmd: ['y'] }), [null, ['y']]);
  assert.throws(() => mergeConfig(nothing, {}), { class: 'InvalidArgument', message: 'no command specified' });
});

test('variables and labels of the image stay unless they are set again', () => {
  const image = {
    Cmd: ['x'],
    Env: ['A=1', 'B=2'],
    Labels: { l: '1', m: '1' },
    ExposedPorts: ['80/tcp'],
    Volumes: ['/v'],
  };
  const merged = mergeConfig({ ...nothing, Env: ['B=3'], Labels: { m: '2' }, Volumes: ['/w'] }, image);
  assert.deepEqual(merged.Env, ['B=3', 'A=1']);
  assert.deepEqual(merged.Labels, { l: '1', m: '2' });
  assert.deepEqual(merged.ExposedPorts, ['80/tcp']);
  assert.deepEqual(merged.Volumes, ['/w', '/v']);
});

test('a guest has Docker’s variables, and can be without them', () => {
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  assert.deepEqual(buildEnvironment(nothing, '/root', '/'), [path, 'HOSTNAME=h', 'HOME=/root', 'PWD=/']);
  assert.deepEqual(buildEnvironment({ ...nothing, Tty: true, Env: ['HOME=/x', 'PATH', 'Q=1=2'] }, '/root', '/w'), [
    'HOSTNAME=h',
    'TERM=xterm',
    'HOME=/x',
    'PWD=/w',
    'Q=1=2',
  ]);
});

test('a user is found by name or number, with the groups that name them', () => {
  const passwd = [
    ['root', 'x', '0', '0', '', '/root'],
    ['ann', 'x', '1000', '100', '', '/home/ann'],
  ];
  const group = [
    ['staff', 'x', '50', 'ann,bob'],
    ['dev', 'x', '60', ''],
  ];
  const find = (user: string, further: string[] = []): unknown => resolveUser(user, further, passwd, group);
  assert.deepEqual(find('ann'), { uid: 1000, gid: 100, groups: [50], home: '/home/ann' });
  assert.deepEqual(find('1000:dev', ['staff']), { uid: 1000, gid: 60, groups: [50], home: '/home/ann' });
  assert.deepEqual(find('7'), { uid: 7, gid: 0, groups: [], home: '/' });
  assert.deepEqual(find(''), { uid: 0, gid: 0, groups: [], home: '/root' });
  assert.throws(() => find('eve'), { message: 'unable to find user eve: no matching entries in passwd file' });
  assert.throws(() => find('ann:nope'), { message: 'unable to find group nope: no matching entries in group file' });
});
