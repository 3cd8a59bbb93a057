import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createReadStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { text } from 'node:stream/consumers';

import { program } from './testing/image.ts';
import { TestShim, until } from './testing/open-shim.ts';

let shim: TestShim;
before(async () => (shim = await TestShim.open()));
after(() => shim.close());

/** The address of a logger that is a shell with `script`. */
function logger(script: string): string {
  return `binary:///bin/sh?${new URLSearchParams({ '-c': script })}`;
}

test('a program takes the output, knows whose it is, and the create waits until it is ready', async () => {
  const [out, err, marker] = ['out', 'err', 'ready'].map((name) => join(shim.folder, name)) as [string, string, string];
  const script =
    `echo "$CONTAINER_NAMESPACE $CONTAINER_ID" > ${out}; sleep 0.2; echo ready > ${marker}; exec 5>&-; ` +
    `cat <&4 > ${err}; cat <&3 >> ${out}; echo end >> ${out}`;
  const address = logger(script);
  const args = [program, '/none', '/module.wasm'];
  const id = await shim.create({ image: shim.images.wordcount, args, stdout: address, stderr: address });
  assert.equal(readFileSync(marker, 'utf8'), 'ready\n');
  await shim.task.start({ id });
  assert.equal((await shim.task.wait({ id })).exitStatus, 1);
  await shim.task.delete({ id });
  await until('the logger has written all', () => existsSync(out) && readFileSync(out, 'utf8').endsWith('end\n'));
  assert.match(readFileSync(out, 'utf8'), new RegExp(`^moby ${id}\\n[^]* total\\nend\\n$`));
  assert.equal(readFileSync(err, 'utf8'), 'wordcount: /none: No such file or directory\n');
});

test('a program that is not there fails the create, and nothing is left', async () => {
  await assert.rejects(
    shim.create({ stdout: 'binary:///no/such/logger', stderr: '' }),
    /fork\/exec \/no\/such\/logger/,
  );
  assert.deepEqual((await shim.shim.info({})).containers, []);
});

test('a file is made with its folder, and both streams may go to one', async () => {
  const path = join(shim.folder, 'some', 'folder', 'log');
  const args = [program, '/none', '/module.wasm'];
  const address = `file://${path}`;
  assert.equal(await shim.run({ image: shim.images.wordcount, args, stdout: address, stderr: address }), 1);
  assert.match(readFileSync(path, 'utf8'), / total$/m);
  assert.match(readFileSync(path, 'utf8'), /^wordcount: /m);
});

test('named pipes of a terminal: what is written into the one is typed, and all comes out of the other', async () => {
  const pipes = ['in', 'all'].map((name) => join(shim.folder, name)) as [string, string];
  execFileSync('mkfifo', pipes);
  const id = await shim.create({
    image: shim.images.wordcount,
    args: [program, '-'],
    terminal: true,
    stdin: pipes[0],
    stdout: pipes[1],
  });
  const output = text(createReadStream(pipes[1]));
  await shim.task.start({ id });
  const typed = spawn('sh', ['-c', `cat > ${pipes[0]}`], { stdio: ['pipe', 'ignore', 'inherit'] });
  // The terminal's own sign for the end of what is typed.
  typed.stdin.end('one two\n\u0004');
  await shim.task.wait({ id });
  await shim.task.delete({ id });
  assert.match(await output, /one two\r\n[^]*2/);
});

test('a stream that reads a file has all of it', async () => {
  const path = join(shim.folder, 'words');
  writeFileSync(path, 'one two three\n');
  const id = await shim.create({ image: shim.images.wordcount, args: [program, '-'], stdin: path });
  await shim.task.start({ id });
  await shim.task.wait({ id });
  assert.match(shim.logged(id), /3/);
  await shim.task.delete({ id });
});
