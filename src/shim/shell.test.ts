import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { documentType, packDocument } from '../wire/index.ts';
import { moduleImage, program } from './testing/image.ts';
import { demultiplexed, type TestClient, TestShim } from './testing/open-shim.ts';

const probe = readFileSync(new URL('../../e2e/guests/probe.wasm', import.meta.url));

for (const way of ['fork', 'spawn'] as const)
  describe(`the shell of an image that has none, started by ${way}`, () => {
    let shim: TestShim;
    let id: string;
    let sequence = 0;
    before(async () => {
      shim = await TestShim.open(way);
      id = await shim.create({ image: moduleImage(shim.folder, probe), args: [program, 'stay'] });
      await shim.task.start({ id });
    });
    after(() => shim.close());

    interface Started {
      readonly execId: string;
      readonly client: TestClient;
    }

    async function start(args: readonly string[], terminal = false, stdin = ''): Promise<Started> {
      const execId = `e${++sequence}`;
      const env = ['PATH=/bin', 'HOME=/root', 'HOSTNAME=box'];
      const spec = packDocument(documentType.process, { args, env, cwd: '/', user: {}, terminal });
      await shim.task.exec({ id, execId, spec, terminal, stdin, stdout: '', stderr: '' });
      const client = await shim.attach(id, { exec_id: execId });
      await shim.task.start({ id, execId });
      return { execId, client };
    }

    async function end({ execId, client }: Started): Promise<readonly [number, Buffer]> {
      const { exitStatus } = await shim.task.wait({ id, execId });
      await shim.task.delete({ id, execId });
      return [exitStatus, await client.output];
    }

    async function run(args: readonly string[]): Promise<readonly [number, string, string]> {
      const [status, bytes] = await end(await start(args));
      return [status, demultiplexed(bytes, 1), demultiplexed(bytes, 2)];
    }

    test('runs scripts, tools and programs of the image, each with its exit code', async () => {
      assert.deepEqual(await run(['sh', '-c', 'ls / | head -n 3; exit 3']), [3, 'dev\nmodule.wasm\ntmp\n', '']);
      assert.deepEqual(await run(['/bin/echo', 'a', 'b']), [0, 'a b\n', '']);
      assert.deepEqual(await run(['sh', '-c', 'echo in | /module.wasm line | tr a-z A-Z; /module.wasm exit 5']), [
        5,
        'GOT IN\n',
        '',
      ]);
      assert.deepEqual(await run(['cat', '/none']), [1, '', 'cat: /none: No such file or directory\n']);
      assert.match((await run(['ps']))[1], /1 \/module.wasm stay\n +2 ps\n/);
    });

    test('is on the files of the container, and knows what others change while it runs', async () => {
      const session = await start(['bash'], false, 'attach://?once=1');
      session.client.socket.write('echo one > /tmp/x\nls /tmp /dev | head -1\necho ready\n');
      await session.client.said('ready');
      assert.deepEqual(await run([program, 'cat', '/tmp/x']), [0, 'one\n', '']);
      // A directory that the session took for the image's, and then another process changed.
      assert.deepEqual(await run([program, 'mkdir', '/made']), [0, '', '']);
      assert.deepEqual(await run([program, 'write', '/made/y', 'two']), [0, '', '']);
      session.client.socket.write('cat /made/y; rm -r /made\necho removed\n');
      await session.client.said('removed');
      assert.equal((await run([program, 'cat', '/made/y']))[0], 1);
      session.client.socket.end('exit 4\n');
      const [status, bytes] = await end(session);
      assert.equal(status, 4);
      assert.match(demultiplexed(bytes, 1), /two\nremoved\n/);
    });

    test('has a prompt in a terminal, where the interrupting key ends the command and not the shell', async () => {
      const session = await start(['sh'], true, 'attach://');
      await session.client.said('/ # ');
      session.client.socket.write('cd /tmp; pwd\n');
      await session.client.said('/tmp # ');
      // The kernel hands on what is typed when it comes to it: the command has to run before the key is pressed.
      session.client.socket.write('echo $((40 + 2)); sleep 100\n');
      await session.client.said('42\r\n');
      session.client.socket.write('\x03');
      session.client.socket.write('echo "after $?"\n');
      await session.client.said('after 130');
      session.client.socket.write('echo $((40 + 3)); while :; do :; done\n');
      await session.client.said('43\r\n');
      session.client.socket.write('\x03');
      session.client.socket.write('exit 6\n');
      const [status] = await end(session);
      assert.equal(status, 6);
    });

    test('a program in it that does not stop ends with the shell at the second press of that key', async () => {
      const session = await start(['sh'], true, 'attach://');
      await session.client.said('/ # ');
      session.client.socket.write('/module.wasm stay\n');
      await session.client.said('ready');
      // Presses that come at once count as one.
      const pressing = setInterval(() => session.client.socket.write('\x03'), 20);
      try {
        assert.equal((await end(session))[0], 130);
      } finally {
        clearInterval(pressing);
      }
    });

    test('is not there for a container’s own program, nor for what it does not know', async () => {
      const own = await shim.create({ args: ['sh'] });
      await assert.rejects(shim.task.start({ id: own }), /exec: "sh": executable file not found in \$PATH/);
      await shim.task.delete({ id: own });
      await assert.rejects(start(['nope']), /exec: "nope": executable file not found in \$PATH/);
      await assert.rejects(start(['/opt/sh']), /exec: "\/opt\/sh": stat \/opt\/sh: no such file or directory/);
    });
  });
