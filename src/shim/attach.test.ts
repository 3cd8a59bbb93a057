import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { moduleImage, program } from './testing/image.ts';
import { demultiplexed, TestShim, until } from './testing/open-shim.ts';
import { line, linesModule } from './testing/lines-module.ts';

let shim: TestShim;
before(async () => (shim = await TestShim.open()));
after(() => shim.close());

const count = [program, '-lwc'];

/** What a program prints, once it has ended. */
async function printed(command: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(command, args, { maxBuffer: 2 ** 24 });
  return stdout;
}

test('a client gets the output, framed as Docker frames it', async () => {
  const { task } = shim;
  const id = await shim.create({ image: shim.images.wordcount, args: [program, '/none', '/module.wasm'] });
  const client = await shim.attach(id, { stdin: false });
  await task.start({ id });
  const output = await client.output;
  assert.equal(demultiplexed(output, 2), 'wordcount: /none: No such file or directory\n');
  assert.match(demultiplexed(output, 1), /\/module\.wasm\n.* total\n$/s);
  assert.equal((await task.wait({ id })).exitStatus, 1);
  await assert.rejects(shim.attach(id), /is not running/);
  await task.delete({ id });
  await assert.rejects(shim.attach(id), /not found/);
});

test('a client that comes before its container is made misses nothing', async () => {
  const early = shim.attach(shim.nextId, { coming: true });
  const id = await shim.create();
  // As a daemon does: the start does not wait for the handover's answer.
  await shim.task.start({ id });
  assert.equal(demultiplexed(await (await early).output, 1), 'Hello from WebAssembly!\n');
  await shim.task.wait({ id });
  await shim.task.delete({ id });
  const refused = assert.rejects(shim.attach(shim.nextId, { coming: true }), /process\.args/);
  await assert.rejects(shim.create({ args: [] }), /process\.args/);
  await refused;
});

test('a client that wants one stream gets that one', async () => {
  const id = await shim.create({ image: shim.images.wordcount, args: [program, '/none', '/module.wasm'] });
  const client = await shim.attach(id, { stdin: false, stderr: false });
  await shim.task.start({ id });
  const output = await client.output;
  assert.equal(demultiplexed(output, 2), '');
  assert.notEqual(demultiplexed(output, 1), '');
  await shim.task.wait({ id });
  await shim.task.delete({ id });
});

test('what was read of a client before it came, and what comes before the start, is the guest’s stdin', async () => {
  const id = await shim.create({ image: shim.images.wordcount, args: count, stdin: 'attach://?once=1' });
  const client = await shim.attach(id, {}, 'one two\n');
  client.socket.end('three\n');
  await shim.task.start({ id });
  assert.equal(demultiplexed(await client.output, 1), '      2       3      14\n');
  assert.equal((await shim.task.wait({ id })).exitStatus, 0);
  await shim.task.delete({ id });
});

test('stdin is closed by its first client’s end only when it is to be once', async () => {
  const { task } = shim;
  const id = await shim.create({ image: shim.images.wordcount, args: count, stdin: 'attach://' });
  await task.start({ id });
  const first = await shim.attach(id, { stdout: false, stderr: false });
  first.socket.end('one\n');
  await first.output;
  const second = await shim.attach(id);
  second.socket.write('two\n');
  await sleep(50);
  await task.closeIO({ id, stdin: true });
  assert.equal(demultiplexed(await second.output, 1), '      2       2       8\n');
  await task.wait({ id });
  await task.delete({ id });
});

test('a client that breaks off ends a stdin that is to be once', async () => {
  const id = await shim.create({ image: shim.images.wordcount, args: count, stdin: 'attach://?once=1' });
  await shim.task.start({ id });
  const client = await shim.attach(id);
  client.socket.write('one\n');
  await sleep(50);
  client.socket.destroy();
  await shim.task.wait({ id });
  assert.equal(shim.logged(id), '      1       1       4\n');
  await shim.task.delete({ id });
});

test('stdin that is closed before the start is at its end', async () => {
  const id = await shim.create({ image: shim.images.wordcount, args: count, stdin: 'attach://' });
  await shim.task.closeIO({ id, stdin: true });
  await shim.task.start({ id });
  await shim.task.wait({ id });
  assert.equal(shim.logged(id), '      0       0       0\n');
  await shim.task.delete({ id });
});

test('megabytes go through stdin and come to an end', async () => {
  const id = await shim.create({ image: shim.images.wordcount, args: [program, '-c'], stdin: 'attach://?once=1' });
  const client = await shim.attach(id);
  client.socket.end(Buffer.alloc(5_000_000, 'x'));
  await shim.task.start({ id });
  assert.equal(demultiplexed(await client.output, 1), '5000000\n');
  await shim.task.wait({ id });
  await shim.task.delete({ id });
});

test('every client gets everything, and the log, too', async () => {
  const { task } = shim;
  const id = await shim.create({ image: shim.images.clock });
  const clients = [await shim.attach(id, { stdin: false }), await shim.attach(id, { stdin: false })];
  await task.start({ id });
  await Promise.all(clients.map((client) => client.said(':')));
  await task.kill({ id, signal: 15 });
  const [first, second] = await Promise.all(clients.map((client) => client.output));
  assert.deepEqual(first, second);
  await task.wait({ id });
  assert.equal(shim.logged(id), demultiplexed(first!, 1));
  await task.delete({ id });
});

test('a client that does not read holds the guest, and loses nothing', async () => {
  const { task } = shim;
  const lines = 60_000;
  const id = await shim.create({ image: moduleImage(shim.folder, linesModule(lines)) });
  const client = await shim.attach(id, { stdin: false });
  client.socket.pause();
  await task.start({ id });
  // Held: it prints about 4 MB, of which a client that does not read takes little more than one.
  await sleep(300);
  assert.equal(shim.record(id).status, 'running');
  client.socket.resume();
  const wanted = line.repeat(lines);
  assert.ok(demultiplexed(await client.output, 1) === wanted);
  assert.equal((await task.wait({ id })).exitStatus, 0);
  assert.ok(shim.logged(id) === wanted);
  await task.delete({ id });
});

test('a guest that is held by a client is killed all the same, and the client gets what it was sent', async () => {
  const { task } = shim;
  const id = await shim.create({ image: moduleImage(shim.folder, linesModule(60_000)) });
  const client = await shim.attach(id, { stdin: false });
  client.socket.pause();
  await task.start({ id });
  await sleep(200);
  await task.kill({ id, signal: 9 });
  assert.equal((await task.wait({ id })).exitStatus, 137);
  await task.delete({ id });
  client.socket.resume();
  const output = demultiplexed(await client.output, 1);
  assert.ok(output.length > 500_000);
});

test('a client that leaves sets the guest free that it held', async () => {
  const { task } = shim;
  const id = await shim.create({ image: moduleImage(shim.folder, linesModule(60_000)), stdout: 'none://' });
  const client = await shim.attach(id, { stdin: false });
  client.socket.pause();
  await task.start({ id });
  await sleep(200);
  client.socket.destroy();
  assert.equal((await task.wait({ id })).exitStatus, 0);
  await task.delete({ id });
});

test('clients that leave a silent guest are let go when the next one comes', async () => {
  const { task } = shim;
  const id = await shim.create({ image: shim.images.wordcount, args: count, stdin: 'attach://' });
  await task.start({ id });
  await shim.rested();
  const before_them = shim.descriptors;
  for (let i = 0; i < 10; i++) (await shim.attach(id)).socket.destroy();
  await until('they were let go', () => shim.descriptors <= before_them + 2);
  await task.kill({ id, signal: 9 });
  await task.wait({ id });
  await task.delete({ id });
});

test('a terminal: raw output in one stream, an echo of what is typed, ctrl-C', async () => {
  const { task } = shim;
  const id = await shim.create({ image: shim.images.clock, terminal: true, stdin: 'attach://' });
  // A key that is pressed before there is anybody to interrupt does nothing.
  const early = await shim.attach(id);
  early.socket.write('\x03');
  await sleep(20);
  await task.start({ id });
  const client = await shim.attach(id);
  await client.said(':');
  client.socket.write('typed');
  await client.said('typed');
  client.socket.write('\x03');
  assert.equal((await task.wait({ id })).exitStatus, 130);
  assert.match((await client.output).toString(), /^(?:\d\d:\d\d:\d\d\r\n)+typed\^C/);
  assert.match((await early.output).toString(), /\r\n/);
  await task.delete({ id });
});

test('the detach keys let go of a terminal and leave the guest running', async () => {
  const { task } = shim;
  const id = await shim.create({ image: shim.images.clock, terminal: true, stdin: 'attach://?once=1' });
  await task.start({ id });
  const client = await shim.attach(id);
  client.socket.write('\x10\x11');
  await client.output;
  const other = await shim.attach(id, { detach_keys: 'ctrl-a,x' });
  other.socket.write('\x10\x11\x01x');
  await other.output;
  await assert.rejects(shim.attach(id, { detach_keys: 'ctrl-nothing' }), /Invalid detach keys/);
  assert.equal((await task.state({ id })).exitedAt, undefined);
  await task.kill({ id, signal: 9 });
  await task.wait({ id });
  await task.delete({ id });
});

test('what is typed into a terminal and never read stops nobody else', async () => {
  const { task } = shim;
  const id = await shim.create({ image: shim.images.clock, terminal: true, stdin: 'attach://' });
  await task.resizePty({ id, width: 120, height: 40 });
  await task.start({ id });
  await task.resizePty({ id, width: 80, height: 24 });
  const client = await shim.attach(id);
  client.socket.write('nobody reads this line\n'.repeat(50_000));
  await client.said('nobody reads');
  assert.equal(await shim.run(), 0);
  await task.kill({ id, signal: 9 });
  await task.wait({ id });
  await task.resizePty({ id, width: 90, height: 25 });
  await task.delete({ id });
});

test('a program that reads from a terminal gets lines and an end', async () => {
  const { task } = shim;
  const id = await shim.create({ image: shim.images.wordcount, args: count, terminal: true, stdin: 'attach://' });
  const client = await shim.attach(id);
  await task.start({ id });
  client.socket.write('one two\n\x04');
  assert.equal((await client.output).toString(), 'one two\r\n      1       2       8\r\n');
  assert.equal((await task.wait({ id })).exitStatus, 0);
  assert.equal(shim.logged(id), 'one two\r\n      1       2       8\r\n');
  await task.delete({ id });
});

test('streams may be files and named pipes, and a pipe that nobody reads holds no other container', async () => {
  const { task } = shim;
  const file = join(shim.folder, 'out');
  const pipes = ['in', 'full', 'read'].map((name) => join(shim.folder, name));
  execFileSync('sh', ['-c', 'mkfifo "$@"', 'sh', ...pipes]);
  const [input, full, read] = pipes as [string, string, string];
  const reader = printed('cat', read);
  const id = await shim.create({
    image: shim.images.wordcount,
    args: [program, '-l'],
    stdin: input,
    stdout: file,
    stderr: read,
  });
  await task.start({ id });
  execFileSync('sh', ['-c', `printf 'one\\ntwo\\n' > ${input}`]);
  await task.closeIO({ id, stdin: true });
  await task.wait({ id });
  assert.equal(readFileSync(file, 'utf8'), '      2\n');
  await task.delete({ id });
  assert.equal(await reader, '');

  const stuck = await shim.create({ image: moduleImage(shim.folder, linesModule(60_000)), stdout: full });
  await task.start({ id: stuck });
  await sleep(100);
  assert.equal(await shim.run(), 0);
  const rest = printed('cat', full);
  await task.wait({ id: stuck });
  assert.equal((await rest).length, 60_000 * line.length);
  await task.delete({ id: stuck });
});
