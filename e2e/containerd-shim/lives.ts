/** Lives of containers under a containerd as it is, by its services: what `ctr` calls, without its own time. */
import { documentType, packDocument, unpackDocument } from '../../src/wire/index.ts';
import { type containersApi, ContainersService, SnapshotsService, TasksService } from '../../src/wire/services.ts';
import { Client } from '../ctr/client.ts';
import { image, type RealContainerd } from './real-containerd.ts';

const snapshotter = 'overlayfs';

/** What containers are made like. */
export interface Template {
  readonly container: containersApi.Container;
  readonly parent: string;
}

export class Lives {
  readonly #client: Client;
  readonly #namespace: string;

  constructor({ socket, namespace }: RealContainerd) {
    this.#client = new Client(socket, namespace);
    this.#namespace = namespace;
  }

  /** A container that `ctr` makes for us to make others like it. */
  static async template(containerd: RealContainerd, runtime: string, args: readonly string[]): Promise<Template> {
    const id = `template-${runtime.split('.')[2]}`;
    const { status, stderr } = await containerd.ctr(['container', 'create', '--runtime', runtime, image, id, ...args]);
    if (status !== 0) throw new Error(stderr);
    const client = new Client(containerd.socket, containerd.namespace);
    try {
      const { container } = await client.call(ContainersService.method.get, { id });
      const { info } = await client.call(SnapshotsService.method.stat, { snapshotter, key: id });
      await containerd.ctr(['container', 'rm', id]);
      return { container: container!, parent: info!.parent };
    } finally {
      client.close();
    }
  }

  async makeContainer(id: string, { container }: Template): Promise<void> {
    const spec = unpackDocument(container.spec!, documentType.spec) as { linux: { cgroupsPath: string } };
    spec.linux.cgroupsPath = `/${this.#namespace}/${id}`;
    await this.#client.call(ContainersService.method.create, {
      container: { ...container, id, snapshotKey: id, spec: packDocument(documentType.spec, spec) },
    });
  }

  /** After its container: one that belongs to none may be collected at any moment. */
  async makeSnapshot(id: string, { parent }: Template): Promise<void> {
    await this.#client.call(SnapshotsService.method.prepare, { snapshotter, key: id, parent });
  }

  async make(id: string, template: Template): Promise<void> {
    await this.makeContainer(id, template);
    await this.makeSnapshot(id, template);
  }

  async remove(id: string): Promise<void> {
    await this.removeSnapshot(id);
    await this.removeContainer(id);
  }

  async create(id: string): Promise<void> {
    const { mounts } = await this.#client.call(SnapshotsService.method.mounts, { snapshotter, key: id });
    await this.#client.call(TasksService.method.create, { containerId: id, rootfs: mounts });
  }

  async start(id: string): Promise<void> {
    await this.#client.call(TasksService.method.start, { containerId: id });
  }

  /** Runs another program of the image beside it; gives its exit code. */
  async exec(id: string, exec_id: string, args: readonly string[]): Promise<number> {
    const process = { args, cwd: '/', env: ['PATH=/bin'], user: { uid: 0, gid: 0 } };
    const spec = packDocument(documentType.process, process);
    await this.#client.call(TasksService.method.exec, { containerId: id, execId: exec_id, spec });
    await this.#client.call(TasksService.method.start, { containerId: id, execId: exec_id });
    const { exitStatus } = await this.#client.call(TasksService.method.wait, { containerId: id, execId: exec_id });
    await this.#client.call(TasksService.method.deleteProcess, { containerId: id, execId: exec_id });
    return exitStatus;
  }

  async kill(id: string): Promise<void> {
    await this.#client.call(TasksService.method.kill, { containerId: id, signal: 9 });
  }

  async wait(id: string): Promise<number> {
    return (await this.#client.call(TasksService.method.wait, { containerId: id })).exitStatus;
  }

  async delete(id: string): Promise<number> {
    return (await this.#client.call(TasksService.method.delete, { containerId: id })).exitStatus;
  }

  async removeSnapshot(id: string): Promise<void> {
    await this.#client.call(SnapshotsService.method.remove, { snapshotter, key: id });
  }

  /** Its snapshot first: one that belongs to no container may be collected before it is removed. */
  async removeContainer(id: string): Promise<void> {
    await this.#client.call(ContainersService.method.delete, { id });
  }

  /** Ids of the tasks that containerd has. */
  async tasks(): Promise<readonly string[]> {
    return (await this.#client.call(TasksService.method.list, {})).tasks.map(({ id }) => id);
  }

  async containers(): Promise<readonly string[]> {
    return (await this.#client.call(ContainersService.method.list, {})).containers.map(({ id }) => id);
  }

  close(): void {
    this.#client.close();
  }
}
