import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';

import { documentType, packDocument, runc, types, unpackMessage } from '../wire/index.ts';
import { moduleImage, program, type TestImage } from './testing/image.ts';
import { demultiplexed, type TestClient, TestShim } from './testing/open-shim.ts';

const probe = readFileSync(new URL('../../e2e/guests/probe.wasm', import.meta.url));

interface ExecChanges {
  readonly terminal?: boolean;
  readonly stdin?: string;
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly user?: object;
}

for (const way of ['fork', 'spawn'] as const)
  describe(`processes beside the first one, started by ${way}`, () => {
    let shim: TestShim;
    let image: TestImage;
    let id: string;
    before(async () => {
      shim = await TestShim.open(way);
      image = moduleImage(shim.folder, probe);
      id = await stays();
    });
    after(() => shim.close());

    async function stays(): Promise<string> {
      const made = await shim.create({ image, args: [program, 'stay'] });
      await shim.task.start({ id: made });
      return made;
    }

    async function make(
      container: string,
      execId: string,
      args: readonly string[],
      changes: ExecChanges = {},
    ): Promise<TestClient> {
      const { terminal = false, stdin = '', env = ['PATH=/bin'], cwd = '/', user = {} } = changes;
      const spec = packDocument(documentType.process, { args, env, cwd, user, terminal });
      await shim.task.exec({ id: container, execId, spec, terminal, stdin, stdout: '', stderr: '' });
      return await shim.attach(container, { exec_id: execId });
    }

    /** Runs one to its end; gives its exit code and what it printed. */
    async function run(
      container: string,
      args: readonly string[],
      changes: ExecChanges = {},
    ): Promise<readonly [code: number, output: string, errors: string]> {
      const execId = `run-${Math.random()}`;
      const client = await make(container, execId, args, changes);
      await shim.task.start({ id: container, execId });
      const { exitStatus } = await shim.task.wait({ id: container, execId });
      const bytes = await client.output;
      assert.equal((await shim.task.delete({ id: container, execId })).exitStatus, exitStatus);
      if (changes.terminal === true) return [exitStatus, String(bytes), ''];
      return [exitStatus, demultiplexed(bytes, 1), demultiplexed(bytes, 2)];
    }

    test('one has arguments, environment, working directory, output and exit code of its own', async () => {
      assert.deepEqual(await run(id, [program, 'args', 'a b', 'c']), [0, '[a b]\n[c]\n', '']);
      assert.deepEqual(await run(id, [program, 'env'], { env: ['A=1', 'B=2'] }), [0, 'A=1\nB=2\n', '']);
      assert.deepEqual(await run(id, [program, 'exit', '7']), [7, '', '']);
      assert.deepEqual(await run(id, [program, 'ls'], { cwd: '/' }), await run(id, [program, 'ls', '/']));
      assert.deepEqual(await run(id, [program, 'cat', '/none']), [1, '', 'probe: /none: No such file or directory\n']);
    });

    test('they share their files: what one has changed the next sees', async () => {
      assert.deepEqual(await run(id, [program, 'write', '/shared', 'one']), [0, '', '']);
      assert.deepEqual(await run(id, [program, 'cat', '/shared']), [0, 'one\n', '']);
      assert.deepEqual(await run(id, [program, 'unlink', '/shared']), [0, '', '']);
      assert.equal((await run(id, [program, 'cat', '/shared']))[0], 1);
    });

    test('what one makes as another user is that user’s', async () => {
      const user = { uid: 1000, gid: 1000 };
      assert.equal((await run(id, [program, 'write', '/tmp/own', 'x'], { user }))[0], 0);
      assert.equal((await run(id, [program, 'write', '/tmp/own', 'y'], { user: { uid: 1001, gid: 1001 } }))[0], 1);
      assert.equal((await run(id, [program, 'write', '/no', 'x'], { user }))[0], 1);
      assert.deepEqual(await run(id, [program, 'cat', '/tmp/own']), [0, 'x\n', '']);
    });

    test('one has a terminal of its own, and reads what is typed', async () => {
      const [code, output] = await run(id, [program, 'ttys'], { terminal: true });
      assert.equal(code, 0);
      assert.equal(output, 'a tty\r\n'.repeat(3));
      const client = await make(id, 'typed', [program, 'line'], { stdin: 'attach://?once=1' });
      await shim.task.start({ id, execId: 'typed' });
      client.socket.write('hello\n');
      assert.match(demultiplexed(await client.output, 1), /hello/);
      await shim.task.delete({ id, execId: 'typed' });
    });

    test('it is told of by its id, in the state, the pids and the record', async () => {
      const { task } = shim;
      await make(id, 'one', [program, 'stay']);
      assert.deepEqual((await task.state({ id, execId: 'one' })).status, types.Status.CREATED);
      const { pid } = await task.start({ id, execId: 'one' });
      const state = await task.state({ id, execId: 'one' });
      assert.deepEqual([state.id, state.execId, state.status, state.pid], [id, 'one', types.Status.RUNNING, pid]);
      const { processes } = await task.pids({ id });
      assert.deepEqual(
        processes.map(({ info }) => (info === undefined ? '' : unpackMessage(info, runc.ProcessDetailsSchema).execId)),
        ['', 'one'],
      );
      assert.equal(processes[1]!.pid, pid);
      assert.equal(shim.record(id).execs?.[0]?.exec_id, 'one');
      await assert.rejects(task.delete({ id, execId: 'one' }), { class: 'Unknown' });
      await assert.rejects(make(id, 'one', [program, 'stay']), {
        class: 'AlreadyExists',
        message: 'id one: already exists',
      });
      await task.kill({ id, execId: 'one', signal: 15 });
      assert.equal((await task.wait({ id, execId: 'one' })).exitStatus, 143);
      assert.deepEqual(
        [shim.record(id).status, shim.record(id).execs?.[0]?.status, shim.record(id).execs?.[0]?.exit_status],
        ['running', 'stopped', 143],
      );
      assert.equal((await task.state({ id })).status, types.Status.RUNNING);
      await task.delete({ id, execId: 'one' });
      assert.equal(shim.record(id).execs, undefined);
      await assert.rejects(task.state({ id, execId: 'one' }), { class: 'NotFound' });
    });

    test('one that cannot be run says so in the words of a runtime', async () => {
      const { task } = shim;
      await make(id, 'missing', ['nope']);
      await assert.rejects(task.start({ id, execId: 'missing' }), {
        class: 'Unknown',
        message:
          'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH',
      });
      assert.equal((await task.delete({ id, execId: 'missing' })).exitStatus, 127);
      await make(id, 'folder', ['/tmp']);
      await assert.rejects(task.start({ id, execId: 'folder' }), /exec: "\/tmp": is a directory: permission denied$/);
      assert.equal((await task.delete({ id, execId: 'folder' })).exitStatus, 126);
      const spec = packDocument(documentType.process, { args: [], cwd: '/' });
      await assert.rejects(task.exec({ id, execId: 'x', spec }), { class: 'InvalidArgument' });
      await assert.rejects(task.exec({ id, execId: '../x', spec }), { class: 'InvalidArgument' });
      await assert.rejects(task.exec({ id, execId: 'x' }), { class: 'InvalidArgument' });
    });

    test('it ends with the container, before that is told to have ended', async () => {
      const { task } = shim;
      const other = await stays();
      const client = await make(other, 'one', [program, 'stay']);
      await task.start({ id: other, execId: 'one' });
      await make(other, 'never', [program, 'stay']);
      const order: string[] = [];
      const ends = [
        task.wait({ id: other, execId: 'one' }).then(({ exitStatus }) => order.push(`exec ${exitStatus}`)),
        task.wait({ id: other }).then(({ exitStatus }) => order.push(`container ${exitStatus}`)),
      ];
      await task.kill({ id: other, signal: 15 });
      await Promise.all(ends);
      assert.deepEqual(order, ['exec 137', 'container 143']);
      await client.output;
      await assert.rejects(make(other, 'late', [program]), {
        class: 'Unknown',
        message: 'cannot exec in a stopped state',
      });
      await task.delete({ id: other });
      await assert.rejects(task.state({ id: other, execId: 'one' }), { class: 'NotFound' });
    });

    test('all of them are paused and go on together, and none is made meanwhile', async () => {
      const { task } = shim;
      await make(id, 'held', [program, 'stay']);
      await task.start({ id, execId: 'held' });
      await task.pause({ id });
      assert.equal((await task.state({ id, execId: 'held' })).status, types.Status.PAUSED);
      await assert.rejects(make(id, 'late', [program]), { message: 'cannot exec in a paused state' });
      await task.resume({ id });
      assert.equal((await task.state({ id, execId: 'held' })).status, types.Status.RUNNING);
      await task.kill({ id, execId: 'held', signal: 9 });
      await task.wait({ id, execId: 'held' });
      await task.delete({ id, execId: 'held' });
    });
  });
