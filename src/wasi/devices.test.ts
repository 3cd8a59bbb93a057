import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createCapture, createDeviceDirectory, createSource, fail, type OpenOptions } from './index.ts';

const options: OpenOptions = {
  read: true,
  write: true,
  create: false,
  exclusive: false,
  truncate: false,
  append: false,
  nonblock: false,
  dsync: false,
  sync: false,
};

function devices(tty?: ReturnType<typeof createCapture>) {
  const stdout = createCapture();
  const directory = createDeviceDirectory({
    stdin: createSource({ content: new TextEncoder().encode('typed') }),
    stdout,
    stderr: createCapture(),
    random: (into) => into.fill(5),
    ...(tty === undefined ? {} : { tty }),
  });
  return { directory, stdout };
}

test('each device does what the kernel has it do', () => {
  const { directory } = devices();
  const into = new Uint8Array(4).fill(9);
  const read = (name: string): [unknown, number[]] => [directory.open(name, options).read([into.fill(9)]), [...into]];
  const write = (name: string): unknown => directory.open(name, options).write([new Uint8Array(10)]);
  assert.deepEqual(read('null'), [0, [9, 9, 9, 9]]);
  assert.deepEqual(read('zero'), [4, [0, 0, 0, 0]]);
  assert.deepEqual(read('full'), [4, [0, 0, 0, 0]]);
  assert.deepEqual(read('random'), [4, [5, 5, 5, 5]]);
  assert.deepEqual(read('urandom'), [4, [5, 5, 5, 5]]);
  for (const name of ['null', 'zero', 'random', 'urandom']) assert.equal(write(name), 10);
  assert.throws(
    () => write('full'),
    (thrown) => thrown === fail('NOSPC'),
  );
});

test('the standard streams have names, and stay open when those are closed', () => {
  const { directory, stdout } = devices();
  const out = directory.open('stdout', options);
  void out.write([new TextEncoder().encode('one ')]);
  out.close();
  void directory.open('stdout', options).write([new TextEncoder().encode('two')]);
  assert.equal(stdout.text(), 'one two');
  const into = new Uint8Array(5);
  assert.equal(directory.open('stdin', options).read([into]), 5);
  assert.equal(new TextDecoder().decode(into), 'typed');
});

test('there is a terminal only where the container has one', () => {
  assert.throws(
    () => devices().directory.open('tty', options),
    (thrown) => thrown === fail('NXIO'),
  );
  const tty = createCapture({ terminal: true });
  assert.equal(devices(tty).directory.open('tty', options).terminal, true);
});

test('the directory lists all, knows no others and cannot be changed', () => {
  const { directory } = devices();
  const listed = directory.list(0n);
  assert.deepEqual(
    listed.map(({ name }) => name),
    ['.', '..', 'full', 'null', 'random', 'stderr', 'stdin', 'stdout', 'tty', 'urandom', 'zero'],
  );
  assert.deepEqual(directory.list(listed[3]!.next), listed.slice(4));
  assert.equal(directory.statChild('null').ino, listed.find(({ name }) => name === 'null')!.ino);
  assert.equal(directory.walk(['sda']).stopped, null);
  assert.throws(
    () => directory.open('sda', options),
    (thrown) => thrown === fail('NOENT'),
  );
  assert.throws(
    () => directory.open('sda', { ...options, create: true }),
    (thrown) => thrown === fail('ROFS'),
  );
  assert.throws(
    () => directory.unlink('null'),
    (thrown) => thrown === fail('ROFS'),
  );
});
