import { create } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';

import { WherryError } from '../../errors/index.ts';
import { shim_call_ms_max } from '../../limits/index.ts';
import { close } from '../../os/index.ts';
import type { Any, AttachRequest, ExecExit, TaskExit, Tasks } from '../model.ts';
import { askState } from './ask-state.ts';
import { shimOf } from './entry.ts';
import type { TaskStore } from './task-store.ts';

const timeout = { timeout_ms: shim_call_ms_max };

/** The tasks of `store` as `namespace` sees them. What is asked of a process goes to the shim that has it. */
export function tasksView(store: TaskStore, namespace: string): Tasks {
  const get = (container: string) => store.get(namespace, container);
  const task = (container: string) => store.reach(namespace, container).task;
  return {
    create: async (container, stdio, clients = [], options = {}) =>
      await thenClose(clients, () => store.create(namespace, container, stdio, clients, options)),
    exec: async (container, exec_id, process, stdio, clients = []) =>
      await thenClose(clients, () => store.exec(get(container), { exec_id, process, stdio }, clients)),
    start: async (container, exec_id = '') =>
      exec_id === ''
        ? await store.start(get(container))
        : await store.execs.start(get(container), store.reach(namespace, container), exec_id),
    kill: async (container, signal, exec_id = '', all = false) => {
      await task(container).kill({ id: container, execId: exec_id, signal, all }, timeout);
    },
    delete: async (container, exec_id = '') =>
      exec_id === ''
        ? await store.delete(get(container))
        : ofTask(await store.execs.delete(get(container), store.reach(namespace, container), exec_id)),
    state: async (container, exec_id = '') =>
      exec_id === ''
        ? await store.state(get(container))
        : await askState(store.reach(namespace, container), container, exec_id),
    list: () =>
      store.entries(namespace).map(({ container, pid, shim }) => ({ container, pid, lost: shim?.isGone === true })),
    ports: (container) => get(container).shim?.ports(container) ?? [],
    pids: async (container) => {
      const { processes } = await task(container).pids({ id: container }, timeout);
      return processes.map(({ pid, info }) => ({
        pid,
        info: info === undefined ? null : { type_url: info.typeUrl, value: info.value },
      }));
    },
    update: async (container, resources, annotations = {}) => {
      await task(container).update({ id: container, resources: packed(resources), annotations }, timeout);
    },
    pause: async (container) => {
      const shim = store.reach(namespace, container);
      await shim.task.pause({ id: container }, timeout);
      if (!shim.publishes) store.events.paused(namespace, container);
    },
    resume: async (container) => {
      const shim = store.reach(namespace, container);
      await shim.task.resume({ id: container }, timeout);
      if (!shim.publishes) store.events.resumed(namespace, container);
    },
    stats: async (container) => {
      const { stats } = await task(container).stats({ id: container }, timeout);
      if (stats === undefined) throw new WherryError('NotFound', `container ${container} has no metrics`);
      return { type_url: stats.typeUrl, value: stats.value };
    },
    checkpoint: async (container, path, options) => {
      const request = { id: container, path, ...(options === undefined ? {} : { options: packed(options) }) };
      await task(container).checkpoint(request, timeout);
    },
    walls: async (container) => await store.reach(namespace, container).walls(container),
    resize: async (container, width, height, exec_id = '') => {
      await task(container).resizePty({ id: container, execId: exec_id, width, height }, timeout);
    },
    closeStdin: async (container, exec_id = '') => {
      await task(container).closeIO({ id: container, execId: exec_id, stdin: true }, timeout);
    },
    wait: async (container, exec_id = '') => {
      const entry = get(container);
      if (exec_id === '') return await entry.exit.promise;
      return ofTask(await store.execs.wait(entry, shimOf(entry), exec_id));
    },
    onExit: (listener) => store.onExit(namespace, listener),
    onExecExit: (listener) => store.onExecExit(namespace, listener),
    attach: async (container, client, exec_id = '') => {
      await store.reach(namespace, container).attach({ container, exec_id }, client, false);
    },
  };
}

/** The shim has copies of them, or nobody will. */
async function thenClose<T>(clients: readonly AttachRequest[], act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } finally {
    for (const { fd } of clients) close(fd);
  }
}

function packed({ type_url, value }: Any): ReturnType<typeof create<typeof AnySchema>> {
  return create(AnySchema, { typeUrl: type_url, value });
}

function ofTask({ container, pid, exit_status, exited_at, lost }: ExecExit): TaskExit {
  return { container, pid, exit_status, exited_at, oom: false, lost };
}
