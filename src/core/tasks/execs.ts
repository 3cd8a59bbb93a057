import { timestampDate } from '@bufbuild/protobuf/wkt';

import { fromUnknown, isClass, WherryError } from '../../errors/index.ts';
import { shim_call_ms_max } from '../../limits/index.ts';
import type { Log } from '../log.ts';
import type { Any, AttachRequest, ExecExit, TaskStdio } from '../model.ts';
import { clients_metadata } from '../shim-contract.ts';
import { type Entry, type ExecEntry, newExec } from './entry.ts';
import { handOverAll } from './handoff.ts';
import type { TaskEvents } from './task-events.ts';
import type { TaskShim } from './task-shim.ts';

const timeout = { timeout_ms: shim_call_ms_max };

export interface ExecsOptions {
  readonly events: TaskEvents;
  readonly log: Log;
  /** Called once for each exit, after whoever started the process has its answer. */
  readonly exited: (namespace: string, exit: ExecExit) => void;
}

/** The processes of containers beside the tasks' own. Those that another daemon made are their shims' to know. */
export class Execs {
  readonly #options: ExecsOptions;

  constructor(options: ExecsOptions) {
    this.#options = options;
  }

  /** @throws WherryError AlreadyExists, or what the shim refuses with */
  async create(
    entry: Entry,
    shim: TaskShim,
    exec: { exec_id: string; process: Any; stdio: TaskStdio },
    clients: readonly AttachRequest[],
  ): Promise<void> {
    const { namespace, container, execs } = entry;
    const { exec_id, process, stdio } = exec;
    if (execs.has(exec_id)) throw new WherryError('AlreadyExists', `id ${exec_id}: already exists`);
    const made = newExec(exec_id, stdio);
    execs.set(exec_id, made);
    try {
      const opened = await shim.openStreams(exec_id, stdio, clients);
      const handed = handOverAll(shim, { container, exec_id }, opened.clients, this.#options.log);
      const spec = { typeUrl: process.type_url, value: process.value };
      const request = { id: container, execId: exec_id, ...opened.stdio, spec };
      const metadata = { [clients_metadata]: String(opened.clients.length) };
      await Promise.all([shim.task.exec(request, { ...timeout, metadata }), ...handed]);
    } catch (error) {
      execs.delete(exec_id);
      await shim.closeStreams(exec_id);
      throw error;
    }
    if (!shim.publishes) this.#options.events.execAdded(namespace, container, exec_id);
  }

  async start(entry: Entry, shim: TaskShim, exec_id: string): Promise<number> {
    const { namespace, container, execs } = entry;
    const exec = execs.get(exec_id);
    const starting = Promise.try(() => shim.task.start({ id: container, execId: exec_id }, timeout));
    if (exec === undefined) {
      const { pid } = await starting;
      await shim.streamsTaken(exec_id);
      return pid;
    }
    exec.starting = starting.catch(() => {
      exec.start_failed = true;
    });
    try {
      const { pid } = await starting;
      await shim.streamsTaken(exec_id);
      exec.pid = pid;
      exec.started = true;
      if (!shim.publishes) this.#options.events.execStarted(namespace, container, exec_id, pid);
      return pid;
    } finally {
      exec.starting = null;
      // Of one that failed, too, somebody may wait for the end.
      void this.watch(entry, exec);
    }
  }

  /** Settles when the process has ended. */
  async wait(entry: Entry, shim: TaskShim, exec_id: string, signal?: AbortSignal): Promise<ExecExit> {
    const { container } = entry;
    const exec = entry.execs.get(exec_id);
    if (exec !== undefined) return await exec.exit.promise;
    const options = signal === undefined ? {} : { signal };
    const { exitStatus, exitedAt } = await shim.task.wait({ id: container, execId: exec_id }, options);
    const exited_at = exitedAt === undefined ? new Date() : timestampDate(exitedAt);
    return { container, exec_id, pid: 0, exit_status: exitStatus, exited_at, lost: false };
  }

  async delete(entry: Entry, shim: TaskShim, exec_id: string): Promise<ExecExit> {
    const { container, execs } = entry;
    const { pid, exitStatus, exitedAt } = await shim.task.delete({ id: container, execId: exec_id }, timeout);
    await shim.closeStreams(exec_id);
    const exited_at = exitedAt === undefined ? new Date() : timestampDate(exitedAt);
    const exit = { container, exec_id, pid, exit_status: exitStatus, exited_at, lost: false };
    const exec = execs.get(exec_id);
    if (exec !== undefined) {
      execs.delete(exec_id);
      exec.waiting.abort();
      exec.exit.resolve(exec.ended ?? exit);
    }
    return exit;
  }

  /** Waits for the ends of those that run, after the connection to their shim broke. */
  watchAll(entry: Entry): void {
    for (const exec of entry.execs.values()) if (exec.started) void this.watch(entry, exec);
  }

  /** Their shim is gone, and they with it. */
  async lose(entry: Entry): Promise<void> {
    for (const exec of entry.execs.values()) {
      await exec.starting;
      const { container } = entry;
      const { exec_id, pid } = exec;
      const exit = { container, exec_id, pid, exit_status: 137, exited_at: new Date(), lost: true };
      if (exec.started) this.#settle(entry, exec, exit);
      else exec.exit.resolve(exit);
    }
  }

  async watch(entry: Entry, exec: ExecEntry): Promise<void> {
    const { container, shim } = entry;
    const { exec_id, waiting } = exec;
    if (shim === null || exec.ended !== null) return;
    try {
      const request = { id: container, execId: exec_id };
      const { exitStatus, exitedAt } = await shim.task.wait(request, { signal: waiting.signal });
      await exec.starting;
      await shim.closeStreams(exec_id);
      // Both answers may have come at once: whoever called `start` goes first.
      await new Promise((resolve) => setImmediate(resolve));
      const exited_at = exitedAt === undefined ? new Date() : timestampDate(exitedAt);
      this.#settle(entry, exec, {
        container,
        exec_id,
        pid: exec.pid,
        exit_status: exitStatus,
        exited_at,
        lost: false,
      });
    } catch (error) {
      // Whoever finds the shim again, or finds it gone, goes on.
      if (isClass(error, 'Unavailable') || isClass(error, 'Cancelled') || isClass(error, 'NotFound')) return;
      this.#options.log.error(
        `cannot wait for process ${exec_id} of container ${container}: ${fromUnknown(error).message}`,
      );
    }
  }

  #settle(entry: Entry, exec: ExecEntry, exit: ExecExit): void {
    if (exec.ended !== null) return;
    exec.ended = exit;
    exec.exit.resolve(exit);
    if (exec.start_failed) return;
    if (entry.shim?.publishes !== true || exit.lost) this.#options.events.execExited(entry.namespace, exit);
    this.#options.exited(entry.namespace, exit);
  }
}
