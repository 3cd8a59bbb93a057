import { WherryError } from '../errors/index.ts';
import type { Starter } from '../guest/index.ts';
import { containers_per_shim_max, handoff_receive_ms_max } from '../limits/index.ts';
import { userId } from '../os/index.ts';
import type { task } from '../wire/index.ts';
import { type RootFilesystem, rootFilesystem } from './bundle.ts';
import type { GuestWalls } from './contract.ts';
import { Container, type ContainerExit } from './container.ts';
import { parseStdio } from './stdio-address.ts';
import type { TaskRecords } from './task-record.ts';

/** The first of the host's users that guests of a root shim become: 64 for each shim, by its pid. */
const host_uid_base = 0x7000_0000;
const host_uids_per_shim = 64;

const id_pattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** What somebody else made ready for a container: a containerd that is not ours. */
export interface ContainerPlace {
  readonly root: RootFilesystem;
  /** The process that stands for it, if that is not its guest's. */
  readonly pid: number | null;
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
  readonly #awaited = new Map<string, PromiseWithResolvers<Container>>();
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
    return [...this.#by_id].flatMap(([id, { walls }]) => (walls === null ? [] : [[id, walls] as const]));
  }

  /** @throws WherryError NotFound */
  get(id: string): Container {
    const container = this.#by_id.get(id);
    if (container === undefined) throw new WherryError('NotFound', `container "${id}" not found`);
    return container;
  }

  /**
   * Waits for a container that is being created.
   *
   * @throws WherryError what its create threw, or NotFound when there was none within `ms`
   */
  async coming(id: string, ms: number): Promise<Container> {
    const here = this.#by_id.get(id);
    if (here !== undefined) return here;
    const refused = this.#refused.get(id);
    if (refused !== undefined) throw refused;
    const waiting = this.#awaited.get(id) ?? Promise.withResolvers<Container>();
    this.#awaited.set(id, waiting);
    const timer = setTimeout(() => {
      this.#awaited.delete(id);
      waiting.reject(new WherryError('NotFound', `container "${id}" not found`));
    }, ms);
    try {
      return await waiting.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** @throws WherryError InvalidArgument, AlreadyExists, or ResourceExhausted when the shim is full */
  create(request: task.CreateTaskRequest, clients = 0, place: ContainerPlace | null = null): Container {
    const awaited = this.#awaited.get(request.id);
    this.#awaited.delete(request.id);
    this.#refused.delete(request.id);
    try {
      const container = this.#create(request, place);
      container.expectClients(clients);
      awaited?.resolve(container);
      return container;
    } catch (error) {
      awaited?.reject(error);
      this.#refused.set(request.id, error as Error);
      setTimeout(() => this.#refused.delete(request.id), handoff_receive_ms_max).unref();
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
   * @throws WherryError FailedPrecondition when it runs
   */
  delete(id: string): ContainerExit | null {
    const container = this.get(id);
    container.discard();
    this.#by_id.delete(id);
    this.#slots.delete(id);
    this.#options.records.remove(id);
    return container.ended;
  }

  #freeSlot(): number {
    const taken = new Set(this.#slots.values());
    let slot = 0;
    while (taken.has(slot)) slot++;
    return slot;
  }
}
