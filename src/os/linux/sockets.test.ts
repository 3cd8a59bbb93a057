import assert from 'node:assert/strict';
import { openSync, readSync } from 'node:fs';
import { test } from 'node:test';

import { close, MSG, passCredentials, pipe, receiveMessage, sendMessage, socketPair, write } from '../index.ts';

test('a descriptor sent over a socket pair is the same file at the other end', () => {
  const [a, b] = socketPair();
  const { reader, writer } = pipe();
  assert.equal(sendMessage(a, Buffer.from('fd'), [writer]), 2);
  const into = Buffer.alloc(16);
  const message = receiveMessage(b, into);
  assert.equal(message?.bytes, 2);
  assert.equal(message.descriptors.length, 1);
  write(message.descriptors[0]!, Buffer.from('hello'));
  const got = Buffer.alloc(5);
  readSync(reader, got);
  assert.equal(got.toString(), 'hello');
  for (const fd of [a, b, reader, writer, message.descriptors[0]!]) close(fd);
});

test('two hundred and fifty-three descriptors fit one message', () => {
  const [a, b] = socketPair();
  const fd = openSync('/dev/null', 'r');
  sendMessage(
    a,
    Buffer.from('x'),
    Array.from({ length: 253 }, () => fd),
  );
  const message = receiveMessage(b, Buffer.alloc(1));
  assert.equal(message?.descriptors.length, 253);
  for (const each of message.descriptors) close(each);
  for (const each of [a, b, fd]) close(each);
});

test('the kernel says who sent a message, and an empty socket says so', () => {
  const [a, b] = socketPair();
  passCredentials(b);
  assert.equal(receiveMessage(b, Buffer.alloc(8), MSG.DONTWAIT), null);
  sendMessage(a, Buffer.from('x'));
  const message = receiveMessage(b, Buffer.alloc(8));
  assert.equal(message?.credentials?.pid, process.pid);
  if (message.pidfd !== null) close(message.pidfd);
  close(a);
  assert.equal(receiveMessage(b, Buffer.alloc(8))?.bytes, 0);
  close(b);
});
