import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { containers_per_shim_max, guest_process_bytes } from '../limits/index.ts';
import { startTime } from '../os/index.ts';
import { documentType, metrics, packDocument, types, unpackMessage } from '../wire/index.ts';
import { moduleImage } from './testing/image.ts';
import { TestShim, until } from './testing/open-shim.ts';

for (const way of ['fork', 'spawn'] as const)
  describe(`a shim that starts guests by ${way}`, () => {
    let shim: TestShim;
    before(async () => (shim = await TestShim.open(way)));
    after(() => shim.close());

    test('runs a program from its create to its delete', async () => {
      const { task } = shim;
      const id = await shim.create();
      assert.equal((await task.state({ id })).status, types.Status.CREATED);
      const waiting = task.wait({ id });
      const { pid } = await task.start({ id });
      assert.ok(pid > 0);
      const { exitStatus, exitedAt } = await waiting;
      assert.equal(exitStatus, 0);
      assert.ok(exitedAt);
      // Whoever was told of an exit finds all of it on disk.
      const record = shim.record(id);
      assert.deepEqual([record.status, record.exit_status, record.pid], ['stopped', 0, pid]);
      assert.match(
        readFileSync(shim.log(id), 'utf8'),
        /^\{"log":"Hello from WebAssembly!\\n","stream":"stdout","time":"\d{4}-[\d-]+T[\d:]+\.\d{9}Z"\}\n$/,
      );
      const state = await task.state({ id });
      assert.deepEqual([state.status, state.exitStatus, state.pid], [types.Status.STOPPED, 0, pid]);
      assert.deepEqual((await task.pids({ id })).processes, []);
      assert.equal((await task.delete({ id })).exitStatus, 0);
      await assert.rejects(task.state({ id }), { class: 'NotFound' });
      assert.equal(existsSync(join(shim.folder, 'shim/tasks', `${id}.json`)), false);
    });

    test('an exit code is the program’s own, and stderr is kept apart from stdout', async () => {
      const { task } = shim;
      const id = await shim.create({ image: shim.images.wordcount, args: ['/module.wasm', '/none'] });
      await task.start({ id });
      assert.equal((await task.wait({ id })).exitStatus, 1);
      const lines = readFileSync(shim.log(id), 'utf8').trimEnd().split('\n');
      assert.deepEqual(
        new Set(lines.map((line) => (JSON.parse(line) as { stream: string }).stream)),
        new Set(['stderr']),
      );
      assert.equal(shim.logged(id), 'wordcount: /none: No such file or directory\n');
      await task.delete({ id });
    });

    test('a trap is told with its places in the source, inlined functions too, on stderr and in the record', async () => {
      const { task } = shim;
      const module = readFileSync(new URL('../wasm/dwarf/testdata/average-O2-v5.wasm', import.meta.url));
      const id = await shim.create({ image: moduleImage(shim.folder, module) });
      await task.start({ id });
      assert.equal((await task.wait({ id })).exitStatus, 134);
      const told = shim.logged(id);
      assert.match(
        told,
        /^wherry: wasm trap: divide by zero\n {4}at divide \(\/src\/average\.c:10:14\), inlined\n {4}at average \(\/src\/average\.c:17:10\), inlined\n {4}at report /,
      );
      assert.equal(`wherry: ${shim.record(id).reason}\n`, told);
      await task.delete({ id });
    });

    test('a start that fails says why in a runtime’s words, and the exit code is recorded before', async () => {
      const { task } = shim;
      const missing = await shim.create({ args: ['nope'] });
      const waiting = task.wait({ id: missing });
      await assert.rejects(task.start({ id: missing }), {
        class: 'InvalidArgument',
        message: 'exec: "nope": executable file not found in $PATH',
      });
      assert.equal(shim.record(missing).exit_status, 127);
      assert.equal((await waiting).exitStatus, 127);
      await assert.rejects(task.start({ id: missing }), { class: 'Unknown' });
      await task.delete({ id: missing });

      const image = moduleImage(shim.folder, Buffer.from('#!/bin/sh\necho hello\n'));
      const text = await shim.create({ image });
      await assert.rejects(task.start({ id: text }), { message: /exec format error: it is not WebAssembly/ });
      assert.match(shim.record(text).reason ?? '', /not WebAssembly/);
      assert.equal((await task.delete({ id: text })).exitStatus, 126);

      // (module (import "env" "f" (func)) (func (export "_start"))), and a module of nothing.
      const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
      const importing = [1, 4, 1, 0x60, 0, 0, 2, 9, 1, 3, 0x65, 0x6e, 0x76, 1, 0x66, 0, 0, 3, 2, 1, 0];
      const starting = [7, 10, 1, 6, 0x5f, 0x73, 0x74, 0x61, 0x72, 0x74, 0, 1, 10, 4, 1, 2, 0, 0x0b];
      for (const [bytes, message] of [
        [[...header, ...importing, ...starting], /env\.f/],
        [header, /exports neither "_start" nor "_initialize"/],
      ] as const) {
        const id = await shim.create({ image: moduleImage(shim.folder, Buffer.from(bytes)) });
        await assert.rejects(task.start({ id }), { message });
        assert.match(shim.record(id).reason ?? '', message);
        assert.equal((await task.delete({ id })).exitStatus, 126);
      }
    });

    test('what cannot be opened fails the start, and leaves nothing behind', async () => {
      const { task } = shim;
      const mounts = [{ destination: '/data', type: 'bind', source: join(shim.folder, 'none'), options: ['rbind'] }];
      const id = await shim.create({ mounts });
      const client = await shim.attach(id);
      await assert.rejects(task.start({ id }), { message: /^error mounting ".*none" to rootfs: ENOENT/ });
      assert.equal((await client.output).length, 0);
      assert.equal((await task.delete({ id })).exitStatus, 128);
    });

    test('signals do what they do to a program that handles none', async () => {
      const { task } = shim;
      for (const [signal, status] of [
        [15, 143],
        [9, 137],
        [2, 130],
      ] as const) {
        const id = await shim.create({ image: shim.images.clock });
        const { pid } = await task.start({ id });
        await task.kill({ id, signal: 17 });
        await task.kill({ id, signal: 19 });
        assert.equal((await task.state({ id })).status, types.Status.PAUSED);
        await until('its process stands still', () => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') T '));
        await task.kill({ id, signal: 18 });
        assert.equal((await task.state({ id })).status, types.Status.RUNNING);
        await assert.rejects(task.delete({ id }), { class: 'Unknown' });
        await task.kill({ id, signal });
        assert.equal((await task.wait({ id })).exitStatus, status);
        await assert.rejects(task.kill({ id, signal }), { class: 'NotFound' });
        await task.delete({ id });
      }
      const id = await shim.create();
      await assert.rejects(task.kill({ id, signal: 65 }), { class: 'InvalidArgument' });
      await assert.rejects(task.pause({ id }), { class: 'Unknown' });
      await task.delete({ id });
    });

    test('what was created and is killed never runs', async () => {
      const { task } = shim;
      const id = await shim.create();
      const client = await shim.attach(id);
      await task.kill({ id, signal: 9 });
      assert.equal((await task.wait({ id })).exitStatus, 137);
      assert.equal((await client.output).length, 0);
      await assert.rejects(task.start({ id }), { class: 'Unknown' });
      await task.delete({ id });
    });

    test('a kill while the guest is being started is not lost', async () => {
      const { task } = shim;
      const id = await shim.create({ image: shim.images.clock });
      const starting = task.start({ id });
      const twice = assert.rejects(task.start({ id }), { class: 'Unknown' });
      const early = assert.rejects(task.delete({ id }), { class: 'Unknown' });
      const killed = task.kill({ id, signal: 15 });
      await Promise.all([starting, twice, early, killed]);
      assert.equal((await task.wait({ id })).exitStatus, 143);
      await task.delete({ id });
    });

    test('runs leave no descriptor behind', async () => {
      const tmpfs = { destination: '/scratch', type: 'tmpfs', source: 'tmpfs' };
      const all = async (): Promise<void> => {
        await shim.run();
        const id = await shim.create({ stdin: 'attach://?once=1', mounts: [tmpfs] });
        const client = await shim.attach(id);
        await shim.task.start({ id });
        await client.output;
        await shim.task.wait({ id });
        await shim.task.delete({ id });
        await shim.run({ terminal: true, stdin: 'attach://' });
        await shim.task.delete({ id: await shim.create({ terminal: true }) });
        const failing = await shim.create({ args: ['nope'], stdin: 'attach://' });
        await assert.rejects(shim.task.start({ id: failing }));
        await shim.task.delete({ id: failing });
        await assert.rejects(
          shim.create({ stderr: 'json-file:///none/such/log' }),
          /failed to initialize logging driver/,
        );
      };
      await all();
      await shim.rested();
      const before_them = shim.descriptors;
      for (let i = 0; i < (way === 'fork' ? 4 : 1); i++) await all();
      await shim.rested();
      await until('they were closed', () => shim.descriptors <= before_them);
    });

    test('guests die with a shim that is killed', async () => {
      const id = await shim.create({ image: shim.images.clock });
      const { pid } = await shim.task.start({ id });
      const { zygotePid } = await shim.shim.info({});
      const alive = (each: number): boolean => each > 0 && startTime(each) !== null;
      assert.ok(alive(pid));
      process.kill(shim.bootstrap.pid, 'SIGKILL');
      await until('nothing of it is left', () => !alive(pid) && !alive(zygotePid));
    });
  });

describe('a shim', () => {
  let shim: TestShim;
  before(async () => (shim = await TestShim.open()));
  after(() => shim.close());

  test('says who it is', async () => {
    const info = await shim.shim.info({});
    assert.equal(info.pid, shim.bootstrap.pid);
    assert.ok(info.why.length > 0);
    const written = JSON.parse(readFileSync(join(shim.folder, 'shim/bootstrap.json'), 'utf8')) as object;
    assert.deepEqual(written, shim.bootstrap);
  });

  test('holds so many containers and no more, and each has its name for itself', async () => {
    const ids: string[] = [];
    for (let i = 0; i < containers_per_shim_max; i++) ids.push(await shim.create());
    await assert.rejects(shim.create(), { class: 'ResourceExhausted' });
    await shim.task.delete({ id: ids[0]! });
    ids[0] = await shim.create();
    const bundle = join(shim.folder, 'bundles', ids[0]);
    await shim.task.delete({ id: ids[1]! });
    await assert.rejects(shim.task.create({ id: ids[0], bundle }), { class: 'AlreadyExists' });
    for (const id of ids) if (id !== ids[1]) await shim.task.delete({ id });
  });

  test('refuses what it cannot use, in words, and keeps nothing of it', async () => {
    const { task } = shim;
    const made = await shim.create();
    const bundle = join(shim.folder, 'bundles', made);
    const rootfs = [{ type: 'wherry', source: '', options: [`chain=${shim.images.hello.chain}`] }];
    await assert.rejects(task.create({ id: '../x', bundle, rootfs }), { class: 'InvalidArgument' });
    await assert.rejects(task.create({ id: 'x', bundle, rootfs: [{ type: 'overlay' }] }), {
      message: /the "wherry" snapshotter's mount is needed, not \["overlay"\]/,
    });
    await assert.rejects(task.create({ id: 'x', bundle: '/none', rootfs }), { message: /^Cannot read the bundle's/ });
    await assert.rejects(task.create({ id: 'x', bundle, rootfs, stdout: 'syslog://x' }), {
      message: /unknown STDIO scheme/,
    });
    writeFileSync(join(bundle, 'config.json'), '{"process":{"args":[]}}');
    await assert.rejects(task.create({ id: 'x', bundle, rootfs }), { message: /process\.args is empty/ });
    await assert.rejects(task.state({ id: 'x' }), { class: 'NotFound' });
    await assert.rejects(task.checkpoint({ id: 'x' }), { class: 'Unimplemented', message: /^Checkpoint is not there/ });
    await task.delete({ id: made });
  });

  test('changes what a container may use while it runs, and refuses what it cannot read', async () => {
    const { task } = shim;
    const id = await shim.create({ image: shim.images.clock, resources: { memory: { limit: 64 * 1024 * 1024 } } });
    const { pid } = await task.start({ id });
    // With control groups or without them: the group of the process, or a bound on its data.
    const limits = (): string => {
      const group = /:memory:(.*)|^0::(.*)/m.exec(readFileSync(`/proc/${pid}/cgroup`, 'utf8'))?.[0];
      return `${group} ${/^Max data size.*/m.exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))?.[0]}`;
    };
    assert.match(limits(), new RegExp(`wherry/moby/${id} |size +\\d`));
    const resources = (value: unknown) => packDocument(documentType.linuxResources, value);
    await task.update({
      id,
      resources: resources({ memory: { limit: 90 * 1024 * 1024 }, cpu: {}, pids: { limit: 50 } }),
    });
    assert.match(limits(), new RegExp(`wherry/moby/${id} |size +\\d`));
    for (const wrong of [
      undefined,
      resources('much'),
      resources({ memory: { limit: 'much' } }),
      packDocument(documentType.spec, {}),
    ])
      await assert.rejects(task.update({ id, ...(wrong === undefined ? {} : { resources: wrong }) }), {
        class: 'InvalidArgument',
      });
    await assert.rejects(task.update({ id: 'none', resources: resources({}) }), { class: 'NotFound' });
    await task.kill({ id, signal: 9 });
    await task.wait({ id });
    assert.equal(shim.record(id).oom, false);
    await assert.rejects(task.update({ id, resources: resources({}) }), { class: 'Unknown' });
    await task.delete({ id });
  });

  test('tells what a container has used and uses', async () => {
    const { task } = shim;
    const limit = 64 * 1024 * 1024;
    const limited = await shim.create({
      image: shim.images.clock,
      resources: { memory: { limit }, pids: { limit: 9 } },
    });
    const free = await shim.create({ image: shim.images.clock });
    for (const id of [limited, free]) {
      await assert.rejects(task.stats({ id: 'none' }), { class: 'NotFound' });
      await task.start({ id });
      const { stats } = await task.stats({ id });
      const { cpu, memory, pids } = unpackMessage(stats!, metrics.MetricsSchema);
      assert.equal(cpu!.usageUsec, cpu!.userUsec + cpu!.systemUsec);
      assert.ok(pids!.current >= 1n);
      assert.ok(memory!.usage > 0n && memory!.usage < 100n * 1024n * 1024n, String(memory!.usage));
      if (id === limited) assert.equal(memory!.usageLimit, BigInt(limit + guest_process_bytes));
      else assert.equal(memory!.usageLimit, 2n ** 64n - 1n);
      assert.equal(pids!.limit, id === limited ? 9n : 0n);
      await task.kill({ id, signal: 9 });
      await task.wait({ id });
      await assert.rejects(task.stats({ id }), { class: 'NotFound' });
      await task.delete({ id });
    }
  });

  test('an exit that cannot be written is told when it could be', async () => {
    const id = await shim.create({ stdin: 'attach://?once=1', image: shim.images.wordcount });
    await shim.task.start({ id });
    const tasks = join(shim.folder, 'shim/tasks');
    renameSync(tasks, `${tasks}.away`);
    const waiting = shim.task.wait({ id });
    await shim.task.closeIO({ id, stdin: true });
    assert.equal(await Promise.race([waiting, sleep(300, 'not told')]), 'not told');
    renameSync(`${tasks}.away`, tasks);
    assert.equal((await waiting).exitStatus, 0);
    assert.equal(shim.record(id).status, 'stopped');
    await shim.task.delete({ id });
  });

  test('ends whoever waits for a container that is deleted before it ran', async () => {
    const id = await shim.create({ terminal: true, stdin: 'attach://' });
    const client = await shim.attach(id);
    const waiting = assert.rejects(shim.task.wait({ id }), { class: 'Cancelled' });
    await shim.task.delete({ id });
    await waiting;
    assert.equal((await client.output).length, 0);
  });

  test('leaves when it is told, not before its containers are gone', async () => {
    const id = await shim.create();
    await shim.task.shutdown({ id: '', now: false });
    assert.deepEqual((await shim.shim.info({})).containers, [id]);
    await shim.task.delete({ id });
    await shim.task.shutdown({ id: '', now: false });
    await until('it left', () => !shim.isAlive);
    assert.equal(existsSync(join(shim.folder, 'shim')), false);
  });
});
