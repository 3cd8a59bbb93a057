import { create } from '@bufbuild/protobuf';
import type { DescMessage, MessageInitShape } from '@bufbuild/protobuf';
import { AnySchema, timestampFromDate } from '@bufbuild/protobuf/wkt';

import { packMessage, taskEvents, taskTopic, unpackMessage } from '../../wire/index.ts';
import type { EventBus } from '../events.ts';
import type { Any, ExecExit, Mount, TaskExit, TaskStdio } from '../model.ts';

/** What is told of a task that was made. */
export interface CreatedTask {
  readonly bundle: string;
  readonly rootfs: readonly Mount[];
  readonly stdio: TaskStdio;
  readonly pid: number;
}

/** Publishes containerd's events of tasks, made only when somebody listens. */
export class TaskEvents {
  readonly #bus: EventBus;

  constructor(bus: EventBus) {
    this.#bus = bus;
  }

  created(namespace: string, container: string, task: CreatedTask): void {
    const { bundle, rootfs, stdio, pid } = task;
    this.#publish(namespace, taskTopic.create, taskEvents.TaskCreateSchema, {
      containerId: container,
      bundle,
      rootfs: rootfs.map((each) => ({ ...each, options: [...each.options] })),
      io: stdio,
      pid,
    });
  }

  started(namespace: string, container: string, pid: number): void {
    this.#publish(namespace, taskTopic.start, taskEvents.TaskStartSchema, { containerId: container, pid });
  }

  exited(namespace: string, exit: TaskExit, pid: number): void {
    const { container, exit_status, exited_at } = exit;
    if (exit.oom) this.#publish(namespace, taskTopic.oom, taskEvents.TaskOOMSchema, { containerId: container });
    this.#publish(namespace, taskTopic.exit, taskEvents.TaskExitSchema, {
      containerId: container,
      id: container,
      pid,
      exitStatus: exit_status,
      exitedAt: timestampFromDate(exited_at),
    });
  }

  deleted(namespace: string, exit: TaskExit, pid: number): void {
    this.#publish(namespace, taskTopic.delete, taskEvents.TaskDeleteSchema, {
      containerId: exit.container,
      pid,
      exitStatus: exit.exit_status,
      exitedAt: timestampFromDate(exit.exited_at),
    });
  }

  execAdded(namespace: string, container: string, exec_id: string): void {
    this.#publish(namespace, taskTopic.execAdded, taskEvents.TaskExecAddedSchema, {
      containerId: container,
      execId: exec_id,
    });
  }

  execStarted(namespace: string, container: string, exec_id: string, pid: number): void {
    this.#publish(namespace, taskTopic.execStarted, taskEvents.TaskExecStartedSchema, {
      containerId: container,
      execId: exec_id,
      pid,
    });
  }

  execExited(namespace: string, { container, exec_id, pid, exit_status, exited_at }: ExecExit): void {
    this.#publish(namespace, taskTopic.exit, taskEvents.TaskExitSchema, {
      containerId: container,
      id: exec_id,
      pid,
      exitStatus: exit_status,
      exitedAt: timestampFromDate(exited_at),
    });
  }

  paused(namespace: string, container: string): void {
    this.#publish(namespace, taskTopic.paused, taskEvents.TaskPausedSchema, { containerId: container });
  }

  resumed(namespace: string, container: string): void {
    this.#publish(namespace, taskTopic.resumed, taskEvents.TaskResumedSchema, { containerId: container });
  }

  #publish<Schema extends DescMessage>(
    namespace: string,
    topic: string,
    schema: Schema,
    message: MessageInitShape<Schema>,
  ): void {
    if (!this.#bus.heard) return;
    const { typeUrl, value } = packMessage(schema, message);
    this.#bus.publish(namespace, topic, { type_url: typeUrl, value });
  }
}

/** The container of which a shim says that its limit of memory was reached; null when it says nothing to be read. */
export function containerOfOom({ type_url, value }: Any): string | null {
  try {
    return unpackMessage(create(AnySchema, { typeUrl: type_url, value }), taskEvents.TaskOOMSchema).containerId;
  } catch {
    return null;
  }
}
