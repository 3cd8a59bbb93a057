import type { ServiceClient, Task } from '../../wire/index.ts';
import type { AttachRequest, TaskExit, TaskStdio } from '../model.ts';
import type { GuestWalls, PublishedPort } from '../shim-contract.ts';

/** One process of a container: the task's own when `exec_id` is ''. */
export interface ProcessName {
  readonly container: string;
  readonly exec_id: string;
}

export interface OpenedStreams {
  readonly stdio: TaskStdio;
  readonly clients: readonly AttachRequest[];
}

/** A shim as core knows it, ours or any other: who holds a task, and how it is spoken to. */
export interface TaskShim {
  readonly namespace: string;
  /** As the log calls it. */
  readonly name: string;
  /** Whether it is known to be gone, and its tasks with it. */
  readonly isGone: boolean;
  /** It publishes the events of its tasks itself. */
  readonly publishes: boolean;
  /** The Task service. @throws WherryError Unavailable while there is no connection */
  readonly task: ServiceClient<typeof Task>;
  /**
   * The streams of a process that is about to be made, as it is to be told of them: a shim that is not ours knows only
   * paths. Gives the clients back that are still to be handed over.
   */
  openStreams(exec_id: string, stdio: TaskStdio, clients: readonly AttachRequest[]): Promise<OpenedStreams>;
  /** The process has its streams: a task once it is made, another process once it is started. */
  streamsTaken(exec_id: string): Promise<void>;
  /** The process has ended, or is none: settles when all that it wrote is where it belongs. */
  closeStreams(exec_id: string): Promise<void>;
  /** Hands a client over. `coming`: its process is just being made. */
  attach(process: ProcessName, client: AttachRequest, coming: boolean): Promise<void>;
  /** What it wrote down of the end of a task while it lived. */
  recordedExit(container: string): TaskExit | null;
  /** How a task ended whose shim is gone; takes away what it left behind. */
  afterDeath(container: string): Promise<TaskExit>;
  ports(container: string): readonly PublishedPort[];
  walls(container: string): Promise<GuestWalls | null>;
  /** The task is deleted: what was kept of it goes. `last`: the shim has no other. */
  forget(container: string, last: boolean): Promise<void>;
}
