import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { EmptySchema, timestampFromDate } from '@bufbuild/protobuf/wkt';

import { WherryError } from '../errors/index.ts';
import type { ServiceHandlers, Task } from '../wire/index.ts';
import { documentType, metrics, packMessage, task, types, unpackDocument } from '../wire/index.ts';
import type { Container } from './container.ts';
import type { Usage } from './container-limits.ts';
import type { Containers } from './containers.ts';
import { clients_metadata } from './contract.ts';
import { parseResources } from './resources.ts';

const empty = create(EmptySchema);

/** containerd's Task service (v3) over the containers of this shim. */
export function taskService(
  containers: Containers,
  shim: { version: string; shutdown(now: boolean): void },
): ServiceHandlers<typeof Task> {
  const absent = (method: string): never => {
    throw new WherryError('Unimplemented', `${method} is not there yet for WebAssembly containers`);
  };
  const noExec = (exec_id: string): void => {
    if (exec_id !== '') throw new WherryError('NotFound', `exec process "${exec_id}" not found`);
  };

  return {
    async create(request, { metadata }) {
      containers.create(request, Number(metadata.get(clients_metadata)?.[0] ?? 0));
      return create(task.CreateTaskResponseSchema, { pid: process.pid });
    },
    async start({ id, execId }) {
      noExec(execId);
      return create(task.StartResponseSchema, { pid: await containers.get(id).start() });
    },
    async state({ id, execId }) {
      noExec(execId);
      const container = containers.get(id);
      return create(task.StateResponseSchema, {
        id,
        bundle: container.bundle,
        pid: container.pid,
        status: status(container),
        ...container.stdio,
        exitStatus: container.ended?.status ?? 0,
        ...(container.ended === null ? {} : { exitedAt: timestampFromDate(container.ended.at) }),
      });
    },
    async wait({ id, execId }) {
      noExec(execId);
      const exit = await containers.get(id).exit;
      return create(task.WaitResponseSchema, { exitStatus: exit.status, exitedAt: timestampFromDate(exit.at) });
    },
    async delete({ id, execId }) {
      noExec(execId);
      const container = containers.get(id);
      const { pid } = container;
      const exit = containers.delete(id);
      await container.released();
      return create(task.DeleteResponseSchema, {
        pid,
        exitStatus: exit?.status ?? 0,
        ...(exit === null ? {} : { exitedAt: timestampFromDate(exit.at) }),
      });
    },
    async kill({ id, execId, signal }) {
      noExec(execId);
      containers.get(id).kill(signal);
      return empty;
    },
    async pids({ id }) {
      const { pid, ended } = containers.get(id);
      return create(task.PidsResponseSchema, {
        processes: pid === 0 || ended !== null ? [] : [create(types.ProcessInfoSchema, { pid })],
      });
    },
    async pause({ id }) {
      containers.get(id).pause();
      return empty;
    },
    async resume({ id }) {
      containers.get(id).resume();
      return empty;
    },
    async resizePty({ id, execId, width, height }) {
      noExec(execId);
      containers.get(id).resize(width, height);
      return empty;
    },
    async closeIO({ id, execId, stdin }) {
      noExec(execId);
      if (stdin) containers.get(id).closeStdin();
      return empty;
    },
    async connect({ id }) {
      return create(task.ConnectResponseSchema, {
        shimPid: process.pid,
        taskPid: containers.get(id).pid,
        version: shim.version,
      });
    },
    async shutdown({ now }) {
      if (now || containers.size === 0) shim.shutdown(now);
      return empty;
    },
    async exec() {
      return absent('Exec');
    },
    async checkpoint() {
      return absent('Checkpoint');
    },
    async update({ id, resources }) {
      if (resources === undefined) throw new WherryError('InvalidArgument', 'an update needs resources');
      containers.get(id).limit(parseResources(unpackDocument(resources, documentType.linuxResources)));
      return empty;
    },
    async stats({ id }) {
      const { usage } = containers.get(id);
      if (usage === null) throw new WherryError('NotFound', `container "${id}" does not run`);
      return create(task.StatsResponseSchema, { stats: packMessage(metrics.MetricsSchema, metricsOf(usage)) });
    },
  };
}

/** 0 is no limit of processes; without one of memory the largest number stands for none. */
function metricsOf(usage: Usage): MessageInitShape<typeof metrics.MetricsSchema> {
  const { user_us, system_us, threads, threads_max, memory_bytes, memory_bytes_max, memory_kills } = usage;
  return {
    pids: { current: BigInt(threads), limit: BigInt(threads_max ?? 0) },
    cpu: { usageUsec: BigInt(user_us + system_us), userUsec: BigInt(user_us), systemUsec: BigInt(system_us) },
    memory: {
      usage: BigInt(memory_bytes),
      usageLimit: memory_bytes_max === null ? 2n ** 64n - 1n : BigInt(memory_bytes_max),
    },
    memoryEvents: { oomKill: BigInt(memory_kills) },
  };
}

function status(container: Container): types.Status {
  switch (container.status) {
    case 'created':
      return types.Status.CREATED;
    case 'running':
      return types.Status.RUNNING;
    case 'paused':
      return types.Status.PAUSED;
    case 'stopped':
      return types.Status.STOPPED;
  }
}
