import { WherryError } from '../../errors/index.ts';
import { ControlGroup, findHierarchies, no_limits, processUsage } from '../../os/index.ts';
import { complain } from '../complain.ts';
import type { ProcessStatus } from '../process.ts';
import type { Usage } from '../container-limits.ts';
import { parseResources } from '../resources.ts';
import { disposition } from '../signals.ts';
import type { ForeignBundle } from './foreign-bundle.ts';
import type { Holder } from './holder.ts';

export interface SandboxExit {
  readonly status: number;
  readonly at: Date;
}

/** The container of a pod that runs nothing: a process that holds the pod's namespaces until it is killed. */
export class Sandbox {
  readonly pid: number;
  readonly exit: Promise<SandboxExit>;
  readonly #holder: Holder;
  readonly #group: ControlGroup;
  #phase: 'created' | 'running' | 'stopped' = 'created';
  #ended: SandboxExit | null = null;

  /** Throws the system's error when the process cannot be put into its control group. */
  constructor(id: string, namespace: string, spec: ForeignBundle, holder: Holder) {
    this.pid = holder.pid;
    this.#holder = holder;
    this.#group = new ControlGroup(findHierarchies(), [namespace, id], spec.group);
    this.#group.change({ ...no_limits, ...parseResources(spec.resources) });
    this.#group.place(holder.pid);
    this.exit = this.#watch();
  }

  get status(): ProcessStatus {
    return this.#phase;
  }

  get ended(): SandboxExit | null {
    return this.#ended;
  }

  /** @throws WherryError FailedPrecondition unless it was only created */
  start(): void {
    if (this.#phase !== 'created')
      throw new WherryError('FailedPrecondition', `cannot start a container that has ${this.#phase}`);
    this.#phase = 'running';
  }

  /** @throws WherryError NotFound when it has ended, InvalidArgument when there is no such signal */
  kill(signal: number): void {
    if (disposition(signal) === null) throw new WherryError('InvalidArgument', `invalid signal: ${signal}`);
    if (this.#phase === 'stopped') throw new WherryError('NotFound', 'process already finished');
    this.#holder.signal(signal);
  }

  /** Ends it if it was never started. @throws WherryError FailedPrecondition when it runs */
  async discard(): Promise<void> {
    if (this.#phase === 'running')
      throw new WherryError('FailedPrecondition', 'a running container must be stopped before it is deleted');
    this.#holder.signal(9);
    await this.exit;
    this.#removeGroup();
  }

  /** null when it has ended. */
  get usage(): Usage | null {
    const used = this.#phase === 'stopped' ? null : processUsage(this.pid);
    if (used === null) return null;
    return {
      ...used,
      memory_bytes: this.#group.memory_bytes ?? used.memory_bytes,
      memory_bytes_max: null,
      memory_kills: this.#group.memory_kills,
      threads_max: null,
    };
  }

  async #watch(): Promise<SandboxExit> {
    const status = await this.#holder.ended;
    this.#ended = { status, at: new Date() };
    this.#phase = 'stopped';
    return this.#ended;
  }

  #removeGroup(): void {
    try {
      this.#group.remove();
    } catch (error) {
      complain(`a control group could not be removed: ${(error as Error).message}`);
    }
  }
}
