import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

import { close, openTerminal, resizeTerminal, write } from '../os/index.ts';
import { terminalStream } from './terminal-stream.ts';

test('a terminal is read to its end, which is the end of what has it open', async () => {
  const { master, slave } = openTerminal();
  const { stream } = terminalStream(master);
  let text = '';
  let failure = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  stream.on('error', (error: NodeJS.ErrnoException) => (failure = error.code ?? ''));
  const over = new Promise((resolve) => stream.once('close', resolve));
  write(slave, Buffer.from('hello\n'));
  close(slave);
  await over;
  assert.equal(text, 'hello\r\n');
  assert.equal(failure, 'EIO');
});

test('what is typed and not read waits here, and stops nothing', async () => {
  const { master, slave } = openTerminal();
  const { stream } = terminalStream(master);
  stream.on('error', () => {});
  let echoed = 0;
  stream.on('data', (chunk: Buffer) => (echoed += chunk.length));
  assert.equal(stream.write(Buffer.alloc(500_000, 'typed\n')), false);
  while (echoed === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(stream.writableLength > 0);
  stream.destroy();
  close(slave);
});

test('a terminal is resized through its stream’s descriptor', () => {
  const { master, slave } = openTerminal();
  const { stream, fd } = terminalStream(master);
  stream.on('error', () => {});
  resizeTerminal(fd, 120, 40);
  assert.equal(
    execFileSync('stty', ['size'], { stdio: [slave, 'pipe', 'inherit'], encoding: 'utf8' }).trim(),
    '40 120',
  );
  stream.destroy();
  close(slave);
});
