import { WherryError } from '../errors/index.ts';
import type { Starter } from '../guest/index.ts';
import { containers_per_shim_max, handoff_receive_ms_max } from '../limits/index.ts';
import { userId } from '../os/index.ts';
import { documentType, type task, unpackDocument } from '../wire/index.ts';
import type { GuestWalls } from './contract.ts';
import { parseProcess, type RootFilesystem, rootFilesystem } from './bundle.ts';
import { Container } from './container.ts';
import type { Process, ProcessExit } from './process.ts';
import { parseStdio } from './stdio-address.ts';
import type { TaskRecords } from './task-record.ts';

/** The first of the host's users that guests of a root shim become: 64 for each shim, by its pid. */
const host_uid_base = 0x7000_0000;
const host_uids_per_shim = 64;

const id_pattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** What somebody else made ready for a container: a containerd that is not ours. */
export interface ContainerPlace {
  readonly root: RootFilesystem;
  /** The network namespace that its ports are opened in; null for the shim's own. */
  readonly network: string | null;
  /** The control group that its bundle names. */
  readonly group: string | null;
}

interface ContainersOptions {
  readonly namespace: string;
  readonly records: TaskRecords;
  readonly starter: Starter;
  readonly folder: string;
}

/** The containers of this shim by id. */
export class Containers {
  readonly #by_id = new Map<string, Container>();
  readonly #slots = new Map<string, number>();
  /** Whose clients came before it. */
  readonly #awaited = new Map<string, PromiseWithResolvers<Process>>();
  /** Why those could not be made whose clients may still be on their way. */
  readonly #refused = new Map<string, Error>();
  readonly #options: ContainersOptions;

  constructor(options: ContainersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#by_id.size;
  }

  ids(): readonly string[] {
    return [...this.#by_id.keys()];
  }

  /** What stands around the processes of those that have run. */
  walls(): readonly (readonly [id: string, walls: GuestWalls])[] {
    return [...this.#by_id].flatMap(
      ([
        id,
        {
          init: { walls },
        },
      ]) => (walls === null ? [] : [[id, walls] as const]),
    );
  }

  /** @throws WherryError NotFound */
  get(id: string): Container {
    const container = this.#by_id.get(id);
    if (container === undefined) throw new WherryError('NotFound', `container "${id}" not found`);
    return container;
  }

  /**
   * Waits for a process that is being made; '' is the first one of a container that is being created.
   *
   * @throws WherryError what its making threw, or NotFound when there was none within `ms`
   */
  async coming(id: string, exec_id: string, ms: number): Promise<Process> {
    const here = this.#by_id.get(id)?.find(exec_id);
    if (here !== undefined) return here;
    const key = keyOf(id, exec_id);
    const refused = this.#refused.get(key);
    if (refused !== undefined) throw refused;
    const waiting = this.#awaited.get(key) ?? Promise.withResolvers<Process>();
    this.#awaited.set(key, waiting);
    const timer = setTimeout(() => {
      this.#awaited.delete(key);
      waiting.reject(new WherryError('NotFound', `container "${id}" not found`));
    }, ms);
    try {
      return await waiting.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** @throws WherryError InvalidArgument, AlreadyExists, or ResourceExhausted when the shim is full */
  create(request: task.CreateTaskRequest, clients = 0, place: ContainerPlace | null = null): void {
    this.#make(keyOf(request.id, ''), clients, () => this.#create(request, place).init);
  }

  /** Makes a process beside the first of a container. @throws WherryError as `Container.exec` */
  exec(request: task.ExecProcessRequest, clients = 0): void {
    const { id, execId, spec, stdin, stdout, stderr, terminal } = request;
    this.#make(keyOf(id, execId), clients, () => {
      const container = this.get(id);
      if (!id_pattern.test(execId))
        throw new WherryError('InvalidArgument', `Cannot make the process: "${execId}" is no id.`);
      if (spec === undefined) throw new WherryError('InvalidArgument', 'Cannot make the process: it has no spec.');
      const process = parseProcess(unpackDocument(spec, documentType.process));
      container.exec(execId, process, {
        stdin: parseStdio(stdin),
        stdout: parseStdio(stdout),
        stderr: parseStdio(stderr),
        terminal,
        names: { stdin, stdout, stderr },
      });
      return container.process(execId);
    });
  }

  /** Makes a process whose clients may have come before it, or may be on their way. */
  #make(key: string, clients: number, act: () => Process): void {
    const awaited = this.#awaited.get(key);
    this.#awaited.delete(key);
    this.#refused.delete(key);
    try {
      const process = act();
      process.expectClients(clients);
      awaited?.resolve(process);
    } catch (error) {
      awaited?.reject(error);
      this.#refused.set(key, error as Error);
      setTimeout(() => this.#refused.delete(key), handoff_receive_ms_max).unref();
      throw error;
    }
  }

  #create(request: task.CreateTaskRequest, place: ContainerPlace | null): Container {
    const { id } = request;
    if (!id_pattern.test(id))
      throw new WherryError('InvalidArgument', `Cannot create the task: "${id}" is no container id.`);
    if (this.#by_id.has(id)) throw new WherryError('AlreadyExists', `container "${id}" already exists`);
    if (this.#by_id.size >= containers_per_shim_max)
      throw new WherryError(
        'ResourceExhausted',
        `Cannot create the task: this shim holds ${containers_per_shim_max} containers already.`,
      );
    if (request.checkpoint !== '')
      throw new WherryError('Unimplemented', 'restoring a checkpoint is not there yet for WebAssembly containers');
    const slot = this.#freeSlot();
    const container = new Container({
      id,
      namespace: this.#options.namespace,
      bundle: request.bundle,
      root: place?.root ?? rootFilesystem(request.rootfs),
      place,
      terminal: request.terminal,
      stdio: { stdin: request.stdin, stdout: request.stdout, stderr: request.stderr },
      stdin: parseStdio(request.stdin),
      stdout: parseStdio(request.stdout),
      stderr: parseStdio(request.stderr),
      records: this.#options.records,
      starter: this.#options.starter,
      folder: this.#options.folder,
      host_uid: userId() === 0 ? host_uid_base + process.pid * host_uids_per_shim + slot : null,
    });
    this.#by_id.set(id, container);
    this.#slots.set(id, slot);
    return container;
  }

  /**
   * Forgets a container that does not run; gives how it ended, null when it never ran.
   *
   * @throws WherryError Unknown when it runs
   */
  delete(id: string): ProcessExit | null {
    const container = this.get(id);
    container.discard();
    this.#by_id.delete(id);
    this.#slots.delete(id);
    this.#options.records.remove(id);
    return container.init.ended;
  }

  #freeSlot(): number {
    const taken = new Set(this.#slots.values());
    let slot = 0;
    while (taken.has(slot)) slot++;
    return slot;
  }
}

function keyOf(id: string, exec_id: string): string {
  return `${id}/${exec_id}`;
}
