import { create, type MessageInitShape } from '@bufbuild/protobuf';
import {
  type Any as AnyMessage,
  AnySchema,
  EmptySchema,
  type Timestamp,
  TimestampSchema,
  timestampFromDate,
} from '@bufbuild/protobuf/wkt';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { type Any, type Core, parseFilters, type Tasks, type TaskState, type TaskStdio } from '../../../core/index.ts';
import { fromUnknown, isClass, WherryError } from '../../../errors/index.ts';
import { type CallContext, type ServiceHandlers, types } from '../../../wire/index.ts';
import type { TasksService } from '../../../wire/services.ts';
import { namespaceOf } from '../call.ts';
import { checkTaskOptions } from './task-options.ts';

const empty = create(EmptySchema);

/** How long a process may take to say how it is, where all are asked. */
const state_ms_max = 2000;

/** containerd's Tasks service: every process of every shim. */
export function tasksService(core: Core): ServiceHandlers<typeof TasksService> {
  /** The tasks of the caller's namespace, once it is known that the container has one. */
  const having = (container: string, call: CallContext): Tasks => {
    const namespace = namespaceOf(call);
    const view = core.namespace(namespace);
    if (view.findContainer(container) === null) throw noContainer(container, namespace);
    if (!view.tasks.list().some((task) => task.container === container && !task.lost)) throw noTask(container);
    return view.tasks;
  };
  const process = async (container: string, exec_id: string, call: CallContext): Promise<Tasks> => {
    const tasks = having(container, call);
    if (exec_id !== '') await tasks.state(container, exec_id);
    return tasks;
  };

  return {
    async create(request, call) {
      const { containerId, rootfs, checkpoint, options, runtimePath } = request;
      const namespace = namespaceOf(call);
      const view = core.namespace(namespace);
      const container = view.findContainer(containerId);
      if (container === null) throw noContainer(containerId, namespace);
      const { checkpoint_path } = checkTaskOptions(options);
      if (checkpoint !== undefined && checkpoint_path === '') throw cannotRestore(checkpoint.mediaType);
      await view.tasks.create(containerId, stdioOf(request), [], {
        rootfs: rootfs.map(({ type, source, target, options: words }) => ({ type, source, target, options: words })),
        ...(options === undefined ? {} : { runtime_options: anyOf(options) }),
        ...(checkpoint_path === '' ? {} : { checkpoint: checkpoint_path }),
        ...(runtimePath === '' ? {} : { runtime_path: runtimePath }),
      });
      const { pid = 0 } = view.tasks.list().find((task) => task.container === containerId) ?? {};
      return { containerId, pid };
    },
    async start({ containerId, execId }, call) {
      const tasks = await process(containerId, execId, call);
      return { pid: await tasks.start(containerId, execId) };
    },
    async delete({ containerId }, call) {
      const tasks = having(containerId, call);
      try {
        const { pid, exit_status, exited_at } = await tasks.delete(containerId);
        return { pid, exitStatus: exit_status, exitedAt: timestampFromDate(exited_at) };
      } catch (error) {
        const { class: errorClass, message } = fromUnknown(error);
        throw new WherryError(errorClass, `failed to delete task: ${message}`, { cause: error });
      }
    },
    async deleteProcess({ containerId, execId }, call) {
      const tasks = await process(containerId, execId, call);
      const { pid, exit_status, exited_at } = await tasks.delete(containerId, execId);
      return { id: execId, pid, exitStatus: exit_status, exitedAt: timestampFromDate(exited_at) };
    },
    async get({ containerId, execId }, call) {
      const state = await having(containerId, call).state(containerId, execId);
      return { process: processOf(execId === '' ? containerId : execId, state) };
    },
    async list(_request, call) {
      const { tasks } = core.namespace(namespaceOf(call));
      const found = await Promise.all(
        tasks.list().map(async ({ container, lost }) => {
          const state = lost ? null : await stateInTime(tasks, container);
          return state === null ? [] : [processOf(container, state)];
        }),
      );
      return { tasks: found.flat() };
    },
    async kill({ containerId, execId, signal, all }, call) {
      const tasks = await process(containerId, execId, call);
      await tasks.kill(containerId, signal, execId, all);
      return empty;
    },
    async exec(request, call) {
      const { containerId, execId, spec } = request;
      if (execId === '') throw new WherryError('InvalidArgument', 'exec id cannot be empty');
      const tasks = having(containerId, call);
      checkExecId(execId);
      if (spec === undefined) throw new WherryError('InvalidArgument', 'exec needs a process: invalid argument');
      await tasks.exec(containerId, execId, anyOf(spec), stdioOf(request));
      return empty;
    },
    async resizePty({ containerId, execId, width, height }, call) {
      const tasks = await process(containerId, execId, call);
      await tasks.resize(containerId, width, height, execId);
      return empty;
    },
    async closeIO({ containerId, execId, stdin }, call) {
      const tasks = await process(containerId, execId, call);
      if (stdin) await tasks.closeStdin(containerId, execId);
      return empty;
    },
    async pause({ containerId }, call) {
      await having(containerId, call).pause(containerId);
      return empty;
    },
    async resume({ containerId }, call) {
      await having(containerId, call).resume(containerId);
      return empty;
    },
    async listPids({ containerId }, call) {
      const pids = await having(containerId, call).pids(containerId);
      return {
        processes: pids.map(({ pid, info }) => ({ pid, ...(info === null ? {} : { info: messageOf(info) }) })),
      };
    },
    async checkpoint({ containerId, options }, call) {
      const tasks = having(containerId, call);
      const { image_path } = checkTaskOptions(options);
      const told = options === undefined ? undefined : anyOf(options);
      if (image_path !== '') {
        await tasks.checkpoint(containerId, image_path, told);
        return {};
      }
      // Whoever cannot make one at all says so first.
      const folder = await mkdtemp(join(core.state, 'checkpoint-'));
      try {
        await tasks.checkpoint(containerId, folder, told);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
      throw new WherryError(
        'Unimplemented',
        'Cannot keep a checkpoint as content: name a folder for it by the option image_path.',
      );
    },
    async update({ containerId, resources, annotations }, call) {
      const tasks = having(containerId, call);
      if (resources === undefined)
        throw new WherryError('InvalidArgument', 'an update needs resources: invalid argument');
      await tasks.update(containerId, anyOf(resources), annotations);
      return empty;
    },
    async metrics({ filters }, call) {
      const namespace = asUnknown(() => namespaceOf(call));
      const { tasks } = core.namespace(namespace);
      const wanted = asUnknown(() => parseFilters(filters));
      const found = await Promise.all(
        tasks
          .list()
          .filter(({ lost, container: id }) => !lost && wanted(([field]) => ({ id, namespace })[field as 'id']))
          .map(async ({ container }) => {
            const stats = await tasks.stats(container).catch(() => null);
            if (stats === null) return [];
            return [{ timestamp: timestampFromDate(new Date()), id: container, data: messageOf(stats) }];
          }),
      );
      return { metrics: found.flat() };
    },
    async wait({ containerId, execId }, call) {
      const tasks = await process(containerId, execId, call);
      const { exit_status, exited_at } = await tasks.wait(containerId, execId);
      return { exitStatus: exit_status, exitedAt: timestampFromDate(exited_at) };
    },
  };
}

/** The same, with the class that containerd gives all its errors of one method. @throws WherryError Unknown */
function asUnknown<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new WherryError('Unknown', fromUnknown(error).message, { cause: error });
  }
}

/** How a task is; null when it is just being deleted, or its shim does not answer. */
async function stateInTime(tasks: Tasks, container: string): Promise<TaskState | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => (timer = setTimeout(() => resolve(null), state_ms_max)));
  try {
    return await Promise.race([tasks.state(container), late]);
  } catch (error) {
    if (isClass(error, 'NotFound') || isClass(error, 'Unavailable')) return null;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

type Process = MessageInitShape<typeof types.ProcessSchema>;

function processOf(id: string, state: TaskState): Process {
  const { status, pid, stdio, exit_status, exited_at } = state;
  return { id, pid, status: statuses[status], ...stdio, exitStatus: exit_status, exitedAt: timeOf(exited_at) };
}

const statuses: Readonly<Record<TaskState['status'], types.Status>> = {
  created: types.Status.CREATED,
  running: types.Status.RUNNING,
  paused: types.Status.PAUSED,
  pausing: types.Status.PAUSING,
  stopped: types.Status.STOPPED,
};

/** The zero time of containerd's language, which its clients take for "not yet". */
const zero_time: Timestamp = create(TimestampSchema, { seconds: -62_135_596_800n });

function timeOf(date: Date | null): Timestamp {
  return date === null ? zero_time : timestampFromDate(date);
}

function stdioOf({ stdin, stdout, stderr, terminal }: TaskStdio): TaskStdio {
  return { stdin, stdout, stderr, terminal };
}

function anyOf({ typeUrl, value }: AnyMessage): Any {
  return { type_url: typeUrl, value };
}

function messageOf({ type_url, value }: Any): AnyMessage {
  return create(AnySchema, { typeUrl: type_url, value });
}

/** containerd's identifiers. */
const identifier = /^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/;

function checkExecId(exec_id: string): void {
  const refuse = (why: string): never => {
    throw new WherryError('InvalidArgument', `invalid exec id ${exec_id.slice(0, 128)}: ${why}: invalid argument`);
  };
  if (exec_id.length > 76) refuse(`identifier ${JSON.stringify(exec_id)} greater than maximum length (76 characters)`);
  if (!identifier.test(exec_id)) refuse(`identifier ${JSON.stringify(exec_id)} must match ${identifier.source}`);
}

/** The media type of a checkpoint that is content. */
const checkpoint_type = 'application/vnd.containerd.container.criu.checkpoint.criu.tar';

function cannotRestore(media_type: string): WherryError {
  if (media_type !== checkpoint_type)
    return new WherryError('Unknown', `unsupported checkpoint type ${JSON.stringify(media_type)}`);
  return new WherryError(
    'Unimplemented',
    'Cannot go on from a checkpoint that is content: name its folder by the option criu_image_path.',
  );
}

function noContainer(container: string, namespace: string): WherryError {
  return new WherryError(
    'NotFound',
    `container ${JSON.stringify(container)} in namespace ${JSON.stringify(namespace)}: not found`,
  );
}

function noTask(container: string): WherryError {
  return new WherryError('NotFound', `task ${container} not found`);
}
