/**
 * A shim of nobody's, for tests: the program that containerd's shim protocol asks for, with `start` and `delete`, and
 * the server that it starts. `FAKE_BOOTSTRAP` says of which generation it is: `address`, `json` or `message`. What its
 * tasks do stands in `config.json`: `{ exit?: { status, after_ms }, group?: name, log?: text, fails?: text }`. It dies
 * at once when a task is killed with signal 60.
 */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { AnySchema, EmptySchema, timestampFromDate, timestampNow } from '@bufbuild/protobuf/wkt';
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

import { WherryError } from '../../errors/index.ts';
import {
  bootstrap,
  EventsForwardService,
  packMessage,
  SandboxRuntime,
  Task,
  task,
  taskEvents,
  taskTopic,
  TaskV2,
  TtrpcClient,
  TtrpcServer,
  types,
} from '../../wire/index.ts';

interface Spec {
  readonly exit?: { readonly status: number; readonly after_ms: number };
  readonly group?: string;
  readonly log?: string;
  readonly fails?: string;
}

const flags = ['namespace', 'address', 'publish-binary', 'id', 'bundle'] as const;
// Go's flags have one dash.
const args = process.argv.slice(2).map((arg) => (/^-[a-z]{2}/.test(arg) ? `-${arg}` : arg));
const { values, positionals } = parseArgs({
  args,
  allowPositionals: true,
  options: Object.fromEntries(flags.map((name) => [name, { type: 'string' as const }])),
});
const { id = '', namespace = '' } = values as Record<string, string>;
const generation = process.env['FAKE_BOOTSTRAP'] ?? 'address';
const record = process.env['FAKE_RECORD'] ?? '/dev/null';
const [action] = positionals;

appendFileSync(
  record,
  `${JSON.stringify({ action, args: process.argv.slice(2), cwd: process.cwd(), ttrpc: process.env['TTRPC_ADDRESS'] })}\n`,
);
if (action === 'start') await start();
else if (action === 'delete') remove();
else await serve(action!);

async function start(): Promise<void> {
  readInput();
  const { group } = JSON.parse(readFileSync('config.json', 'utf8')) as Spec;
  const name = createHash('sha256')
    .update(`${namespace} ${group ?? id}`)
    .digest('hex')
    .slice(0, 12);
  const socket = join(dirname(record), `fake-${name}`);
  if (group === undefined || !existsSync(socket)) {
    const child = spawn(
      process.execPath,
      ['--experimental-ffi', '--no-warnings', import.meta.filename, '--namespace', namespace, socket],
      { detached: true, stdio: ['ignore', 'pipe', 'ignore'] },
    );
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdout.destroy();
    child.unref();
  }
  const address = `unix://${socket}`;
  if (generation === 'json') process.stdout.write(JSON.stringify({ version: 3, address, protocol: 'ttrpc' }));
  else if (generation === 'message') {
    const result = create(bootstrap.BootstrapResultSchema, { version: 3, address, protocol: 'ttrpc' });
    process.stdout.write(toBinary(bootstrap.BootstrapResultSchema, result));
  } else process.stdout.write(`${address}\n`);
}

/** Each generation fails on what it does not know, as the real ones do. */
function readInput(): void {
  const input = readFileSync(0);
  if (generation === 'message') {
    const params = fromBinary(bootstrap.BootstrapParamsSchema, input);
    if (params.instanceId === id && params.namespace === namespace) return;
    process.stderr.write('shim was started through the deprecated API');
    process.exit(1);
  }
  if (input.length === 0) return;
  const { typeUrl } = fromBinary(AnySchema, input);
  if (typeUrl === 'containerd.runc.v1.Options') return;
  process.stderr.write(`type with url ${typeUrl}: not found`);
  process.exit(1);
}

function remove(): void {
  const exited = { pid: 77, exitStatus: 137, exitedAt: timestampFromDate(new Date(1_700_000_000_000)) };
  process.stdout.write(toBinary(task.DeleteResponseSchema, create(task.DeleteResponseSchema, exited)));
}

interface Running {
  readonly spec: Spec;
  readonly bundle: string;
  status: types.Status;
  exit_status: number;
  exited_at: Date | null;
  readonly ended: PromiseWithResolvers<void>;
}

async function serve(socket: string): Promise<void> {
  process.on('SIGHUP', () => {});
  const running = new Map<string, Running>();
  const empty = create(EmptySchema);
  const events = await TtrpcClient.connect(process.env['TTRPC_ADDRESS']!).catch(() => null);
  const tell = async (topic: string, any: ReturnType<typeof packMessage>): Promise<void> => {
    const envelope = { timestamp: timestampNow(), namespace, topic, event: any };
    await events
      ?.service(EventsForwardService)
      .forward({ envelope })
      .catch(() => {});
  };
  const find = (container: string, exec_id: string): Running => {
    const found = running.get(`${container}/${exec_id}`);
    if (found === undefined) throw new WherryError('NotFound', `process does not exist ${exec_id}: not found`);
    return found;
  };
  const end = async (container: string, exec_id: string, status: number): Promise<void> => {
    const one = find(container, exec_id);
    if (one.exited_at !== null) return;
    one.exited_at = new Date();
    one.exit_status = status;
    one.status = types.Status.STOPPED;
    one.ended.resolve();
    const exit = { containerId: container, id: exec_id || container, pid: process.pid, exitStatus: status };
    await tell(taskTopic.exit, packMessage(taskEvents.TaskExitSchema, exit));
  };
  const made = (container: string, exec_id: string, spec: Spec, bundle: string): void => {
    running.set(`${container}/${exec_id}`, {
      spec,
      bundle,
      status: types.Status.CREATED,
      exit_status: 0,
      exited_at: null,
      ended: Promise.withResolvers<void>(),
    });
  };
  const server = new TtrpcServer();
  const names = generation === 'address' ? [TaskV2.typeName] : [Task.typeName];
  server.register(
    Task,
    {
      async create({ id: container, bundle }) {
        const spec = JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as Spec;
        if (spec.fails !== undefined) throw new WherryError('Unknown', spec.fails);
        if (spec.log !== undefined) writeFileSync(join(bundle, 'log'), spec.log);
        made(container, '', spec, bundle);
        await tell(taskTopic.create, packMessage(taskEvents.TaskCreateSchema, { containerId: container }));
        return { pid: process.pid };
      },
      async exec({ id: container, execId, spec }) {
        made(container, execId, JSON.parse(Buffer.from(spec!.value).toString()) as Spec, '');
        return empty;
      },
      async start({ id: container, execId }) {
        const one = find(container, execId);
        one.status = types.Status.RUNNING;
        await tell(taskTopic.start, packMessage(taskEvents.TaskStartSchema, { containerId: container }));
        const { exit } = one.spec;
        if (exit !== undefined) setTimeout(() => void end(container, execId, exit.status), exit.after_ms);
        return { pid: process.pid };
      },
      async wait({ id: container, execId }) {
        const one = find(container, execId);
        await one.ended.promise;
        return { exitStatus: one.exit_status, exitedAt: timestampFromDate(one.exited_at!) };
      },
      async kill({ id: container, execId, signal }) {
        if (signal === 60) process.kill(process.pid, 'SIGKILL');
        void end(container, execId, 128 + signal);
        return empty;
      },
      async state({ id: container, execId }) {
        const { status, exit_status, exited_at, bundle } = find(container, execId);
        const at = exited_at === null ? {} : { exitedAt: timestampFromDate(exited_at) };
        return { id: container, execId, bundle, pid: process.pid, status, exitStatus: exit_status, ...at };
      },
      async delete({ id: container, execId }) {
        const { exit_status, status } = find(container, execId);
        if (status === types.Status.RUNNING) throw new WherryError('Unknown', 'cannot delete a running process');
        running.delete(`${container}/${execId}`);
        await tell(taskTopic.delete, packMessage(taskEvents.TaskDeleteSchema, { containerId: container }));
        return { pid: process.pid, exitStatus: exit_status };
      },
      async pids() {
        return { processes: [{ pid: process.pid }] };
      },
      async shutdown() {
        if (running.size > 0) return empty;
        setTimeout(() => {
          rmSync(socket, { force: true });
          process.exit(0);
        }, 20);
        return empty;
      },
    },
    names,
  );
  const sandbox = { started: false, ended: Promise.withResolvers<number>() };
  server.register(SandboxRuntime, {
    async createSandbox({ bundlePath }) {
      const { fails } = JSON.parse(readFileSync(join(bundlePath, 'config.json'), 'utf8')) as Spec;
      if (fails !== undefined) throw new WherryError('Unknown', fails);
      return {};
    },
    async startSandbox() {
      sandbox.started = true;
      return { pid: process.pid, createdAt: timestampNow() };
    },
    platform: async () => ({ platform: { os: 'linux', architecture: 'amd64' } }),
    sandboxStatus: async () => ({ pid: process.pid, state: sandbox.started ? 'SANDBOX_READY' : '', info: { a: 'b' } }),
    async waitSandbox() {
      return { exitStatus: await sandbox.ended.promise, exitedAt: timestampNow() };
    },
    async stopSandbox() {
      sandbox.ended.resolve(3);
      return {};
    },
    async shutdownSandbox() {
      setTimeout(() => {
        rmSync(socket, { force: true });
        process.exit(0);
      }, 20);
      return {};
    },
  });
  await server.listen(socket);
  process.stdout.write('serving\n');
}
