import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { EmptySchema, timestampFromDate } from '@bufbuild/protobuf/wkt';

import { WherryError } from '../errors/index.ts';
import type { Metadata, ServiceHandlers, Task } from '../wire/index.ts';
import { documentType, metrics, packMessage, runc, task, types, unpackDocument } from '../wire/index.ts';
import type { Usage } from './container-limits.ts';
import type { Containers } from './containers.ts';
import { clients_metadata } from './contract.ts';
import type { Process } from './process.ts';
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
  const clientsOf = (metadata: Metadata): number => Number(metadata.get(clients_metadata)?.[0] ?? 0);

  return {
    async create(request, { metadata }) {
      containers.create(request, clientsOf(metadata));
      await containers.get(request.id).init.ready;
      return create(task.CreateTaskResponseSchema, { pid: process.pid });
    },
    async start({ id, execId }) {
      return create(task.StartResponseSchema, { pid: await containers.get(id).process(execId).start() });
    },
    async state({ id, execId }) {
      const container = containers.get(id);
      const process = container.process(execId);
      return create(task.StateResponseSchema, {
        id,
        execId,
        bundle: container.bundle,
        pid: process.pid,
        status: status(process),
        ...process.stdio,
        exitStatus: process.ended?.status ?? 0,
        ...(process.ended === null ? {} : { exitedAt: timestampFromDate(process.ended.at) }),
      });
    },
    async wait({ id, execId }) {
      const exit = await containers.get(id).process(execId).exit;
      return create(task.WaitResponseSchema, { exitStatus: exit.status, exitedAt: timestampFromDate(exit.at) });
    },
    async delete({ id, execId }) {
      const container = containers.get(id);
      const process = container.process(execId);
      const { pid } = process;
      const exit = execId === '' ? containers.delete(id) : container.deleteExec(execId);
      await process.released();
      return create(task.DeleteResponseSchema, {
        pid,
        exitStatus: exit?.status ?? 0,
        ...(exit === null ? {} : { exitedAt: timestampFromDate(exit.at) }),
      });
    },
    async kill({ id, execId, signal }) {
      containers.get(id).process(execId).kill(signal);
      return empty;
    },
    async pids({ id }) {
      const processes = containers.get(id).pids();
      return create(task.PidsResponseSchema, {
        processes: processes.map(({ pid, exec_id }) =>
          create(types.ProcessInfoSchema, {
            pid,
            ...(exec_id === '' ? {} : { info: packMessage(runc.ProcessDetailsSchema, { execId: exec_id }) }),
          }),
        ),
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
      containers.get(id).process(execId).resize(width, height);
      return empty;
    },
    async closeIO({ id, execId, stdin }) {
      if (stdin) containers.get(id).process(execId).closeStdin();
      return empty;
    },
    async connect({ id }) {
      return create(task.ConnectResponseSchema, {
        shimPid: process.pid,
        taskPid: containers.get(id).init.pid,
        version: shim.version,
      });
    },
    async shutdown({ now }) {
      if (now || containers.size === 0) shim.shutdown(now);
      return empty;
    },
    async exec(request, { metadata }) {
      containers.exec(request, clientsOf(metadata));
      await containers.get(request.id).process(request.execId).ready;
      return empty;
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

function status(process: Process): types.Status {
  switch (process.status) {
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
