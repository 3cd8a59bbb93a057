/**
 * A shim for tests, a process of its own on the real wire: `shim-process.ts ID NAMESPACE FOLDER`. What its tasks do
 * stands in the bundle's `config.json`: `{ exit?: { status, after_ms }, fails?: text }`; without either they run until
 * they are killed.
 */
import { create } from '@bufbuild/protobuf';
import { EmptySchema, timestampFromDate } from '@bufbuild/protobuf/wkt';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';

import { WherryError } from '../../errors/index.ts';
import { close, MSG, receiveMessage, startTime, write } from '../../os/index.ts';
import { Task, task, TtrpcServer, types } from '../../wire/index.ts';
import type { HandoffRequest, ShimBootstrap, ShimTaskRecord } from '../shim-contract.ts';

interface Running {
  record: ShimTaskRecord;
  readonly spec: { readonly exit?: { readonly status: number; readonly after_ms: number }; readonly fails?: string };
  readonly ended: PromiseWithResolvers<void>;
}

const [id, namespace, folder] = process.argv.slice(2) as [string, string, string];
const tasks = new Map<string, Running>();
const empty = create(EmptySchema);

function get(container: string): Running {
  const found = tasks.get(container);
  if (found === undefined) throw new WherryError('NotFound', `container "${container}" not found`);
  return found;
}

function replace(path: string, value: unknown): void {
  writeFileSync(`${path}.new`, JSON.stringify(value));
  renameSync(`${path}.new`, path);
}

function change(running: Running, fields: Partial<ShimTaskRecord>): void {
  running.record = { ...running.record, ...fields };
  replace(join(folder, 'tasks', `${running.record.container}.json`), running.record);
}

function end(running: Running, exit_status: number, reason: string | null): void {
  if (running.record.status === 'stopped') return;
  change(running, { status: 'stopped', exit_status, exited_at: new Date().toISOString(), reason });
  running.ended.resolve();
}

const server = new TtrpcServer();
server.register(Task, {
  async create({ id: container, bundle }) {
    const spec = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as Running['spec'];
    const record: ShimTaskRecord = {
      container,
      bundle,
      pid: process.pid,
      status: 'created',
      started_at: null,
      exit_status: null,
      exited_at: null,
      oom: false,
      reason: null,
      walls: null,
    };
    const running: Running = { record, spec, ended: Promise.withResolvers<void>() };
    change(running, {});
    tasks.set(container, running);
    return create(task.CreateTaskResponseSchema, { pid: process.pid });
  },
  async start({ id: container }) {
    const running = get(container);
    if (running.spec.fails !== undefined) {
      end(running, 127, running.spec.fails);
      throw new WherryError('InvalidArgument', running.spec.fails);
    }
    change(running, { status: 'running', started_at: new Date().toISOString() });
    const { exit } = running.spec;
    if (exit !== undefined && exit.after_ms === 0) end(running, exit.status, null);
    else if (exit !== undefined) setTimeout(() => end(running, exit.status, null), exit.after_ms);
    return create(task.StartResponseSchema, { pid: process.pid });
  },
  async wait({ id: container }) {
    const running = get(container);
    await running.ended.promise;
    const { exit_status, exited_at } = running.record;
    return create(task.WaitResponseSchema, {
      exitStatus: exit_status!,
      exitedAt: timestampFromDate(new Date(exited_at!)),
    });
  },
  async kill({ id: container, signal }) {
    if (get(container).record.status !== 'running') throw new WherryError('NotFound', 'process already finished');
    end(get(container), 128 + signal, null);
    return empty;
  },
  async state({ id: container }) {
    const { status, exit_status, exited_at } = get(container).record;
    return create(task.StateResponseSchema, {
      id: container,
      pid: process.pid,
      status: { created: types.Status.CREATED, running: types.Status.RUNNING, stopped: types.Status.STOPPED }[status],
      exitStatus: exit_status ?? 0,
      ...(exited_at === null ? {} : { exitedAt: timestampFromDate(new Date(exited_at)) }),
    });
  },
  async delete({ id: container }) {
    const { record } = get(container);
    if (record.status === 'running') throw new WherryError('FailedPrecondition', 'it runs');
    tasks.delete(container);
    rmSync(join(folder, 'tasks', `${container}.json`));
    return create(task.DeleteResponseSchema, { pid: record.pid, exitStatus: record.exit_status ?? 0 });
  },
  async pids({ id: container }) {
    return create(task.PidsResponseSchema, {
      processes: [create(types.ProcessInfoSchema, { pid: get(container).record.pid })],
    });
  },
  async shutdown() {
    if (tasks.size > 0) return empty;
    setTimeout(() => {
      rmSync(folder, { recursive: true, force: true });
      process.exit(0);
    }, 10);
    return empty;
  },
});

/** Says to the client what came with it, so that a test sees all of it arrived. */
function takeOver(socket: Socket): void {
  const { fd } = (socket as unknown as { _handle: { fd: number } })._handle;
  const buffer = Buffer.alloc(1024 * 1024);
  const message = receiveMessage(fd, buffer, MSG.DONTWAIT);
  if (message === null) {
    setImmediate(() => takeOver(socket));
    return;
  }
  const json_bytes = buffer.readUInt32LE(0);
  const request = JSON.parse(buffer.toString('utf8', 4, 4 + json_bytes)) as HandoffRequest;
  const head = buffer.toString('utf8', 4 + json_bytes, 4 + json_bytes + request.head_bytes);
  const [client] = message.descriptors as [number];
  if (tasks.has(request.container)) {
    write(client, Buffer.from(`attached to ${request.container} after ${head}`));
    socket.end('{"error":null}\n');
  } else socket.end(`${JSON.stringify({ error: `container ${request.container} is not running` })}\n`);
  close(client);
}

mkdirSync(join(folder, 'tasks'), { recursive: true });
const bootstrap: ShimBootstrap = {
  id,
  namespace,
  pid: process.pid,
  start_time: String(startTime(process.pid)),
  version: '0',
  address: join(folder, 'task.sock'),
  handoff: join(folder, 'handoff.sock'),
};
await server.listen(bootstrap.address);
createServer({ pauseOnConnect: true }, takeOver).listen(bootstrap.handoff, () => {
  replace(join(folder, 'bootstrap.json'), bootstrap);
  process.stdout.write(`${JSON.stringify(bootstrap)}\n`);
});
