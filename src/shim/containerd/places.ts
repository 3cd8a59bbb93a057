import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

import { WherryError } from '../../errors/index.ts';
import { userId } from '../../os/index.ts';
import type { task } from '../../wire/index.ts';
import { readBundle } from '../bundle.ts';
import { complain } from '../complain.ts';
import type { ContainerPlace } from '../containers.ts';
import { type ForeignBundle, readForeignBundle } from './foreign-bundle.ts';
import type { Holder, Holders } from './holder.ts';
import { runHooks } from './hooks.ts';
import type { ModulesOptions } from './image-modules.ts';
import { makeFolders, mountRootfs, placeBelow, unmountRootfs } from './rootfs.ts';

/** Lies in a bundle whose container was not cleaned up after yet. */
export const marker = 'wherry.json';

export interface PlaceOptions {
  /** Our own binary. */
  readonly program: string;
  readonly holders: Holders;
  /** The path of containerd's socket. */
  readonly containerd: string;
  readonly namespace: string;
}

/** Everything around the guest of one container that its containerd left to its runtime: mounts, namespaces, hooks. */
export class Place {
  readonly id: string;
  readonly bundle: string;
  readonly spec: ForeignBundle;
  /** The process that has its namespaces; null where the bundle asks for none. */
  readonly holder: Holder | null;
  readonly #program: string;
  readonly #rootfs: string | null;

  private constructor(
    request: { id: string; bundle: string },
    made: { spec: ForeignBundle; holder: Holder | null; program: string; rootfs: string | null },
  ) {
    this.id = request.id;
    this.bundle = request.bundle;
    this.spec = made.spec;
    this.holder = made.holder;
    this.#program = made.program;
    this.#rootfs = made.rootfs;
  }

  /**
   * Makes it ready.
   *
   * @throws WherryError InvalidArgument or FailedPrecondition saying what could not be done; then nothing is left
   */
  static async make(request: task.CreateTaskRequest, options: PlaceOptions): Promise<Place> {
    const { program, holders } = options;
    const { id, bundle, rootfs: mounts } = request;
    const spec = readForeignBundle(bundle);
    const rootfs = mounts.length === 0 ? null : join(bundle, 'rootfs');
    writeFileSync(join(bundle, marker), JSON.stringify({ id }), { mode: 0o600 });
    let holder: Holder | null = null;
    try {
      if (rootfs !== null) mountRootfs(mounts, rootfs);
      if (rootfs !== null && !spec.is_sandbox) await addModules(id, bundle, rootfs, options);
      if (needsHolder(spec)) holder = await holders.take(spec.namespaces);
    } catch (error) {
      if (rootfs !== null) unmountRootfs(rootfs);
      rmSync(join(bundle, marker), { force: true });
      throw error;
    }
    return new Place({ id, bundle }, { spec, holder, program, rootfs });
  }

  /** For `Containers`. */
  forContainer(): ContainerPlace {
    const { root, holder, spec } = this;
    const mounts = readBundle(this.bundle).mounts.map(({ destination }) => placeBelow(root, destination));
    const is_writable = makeFolders(root, mounts);
    return {
      root: { upper: null, chain_index: '', layers: [], directory: root, is_writable },
      network: holder === null ? null : `/proc/${holder.pid}/ns/net`,
      group: spec.group,
    };
  }

  get root(): string {
    return this.#rootfs ?? this.spec.root;
  }

  /** @throws WherryError FailedPrecondition at the first that fails */
  async beforeCreate(pid: number): Promise<void> {
    for (const phase of ['prestart', 'createRuntime', 'createContainer'] as const)
      await this.#hooks(phase, 'creating', pid);
  }

  async beforeStart(pid: number): Promise<void> {
    await this.#hooks('startContainer', 'created', pid);
  }

  async afterStart(pid: number): Promise<void> {
    await this.#hooks('poststart', 'running', pid);
  }

  /** Takes everything away; what does not work is complained of. */
  async remove(): Promise<void> {
    this.holder?.signal(9);
    await this.holder?.ended;
    if (this.#rootfs !== null) {
      try {
        unmountRootfs(this.#rootfs);
      } catch (error) {
        complain(`the root filesystem of ${this.id} could not be unmounted: ${(error as Error).message}`);
      }
    }
    await this.#hooks('poststop', 'stopped', 0).catch((error: unknown) => complain((error as Error).message));
    rmSync(join(this.bundle, marker), { force: true });
  }

  #hooks(phase: Parameters<typeof runHooks>[0], status: Parameters<typeof runHooks>[1], pid: number): Promise<void> {
    const { id, bundle, spec } = this;
    return runHooks(phase, status, { id, bundle, pid, spec }, this.#program);
  }
}

/** An image of modules that are layers themselves leaves its root filesystem empty. */
async function addModules(container: string, bundle: string, root: string, options: PlaceOptions): Promise<void> {
  if (readdirSync(root).length > 0) return;
  const { containerd, namespace } = options;
  const { args, cwd } = readBundle(bundle);
  const beside: string = pathToFileURL(join(dirname(process.argv[1]!), 'image-modules.js')).href;
  // oxlint-disable-next-line import/no-dynamic-require -- a bundle of its own, whose place is known only here
  const { fetchModules } = (await import(beside)) as {
    fetchModules(options: ModulesOptions): Promise<void>;
  };
  await fetchModules({ containerd, namespace, container, root, program: args[0]!.replace(/#[^/]*$/, ''), cwd });
}

/** Nobody can look at the namespaces of a guest's process, which it shares with others: a process of its own has them. */
function needsHolder({ namespaces, hooks, is_sandbox }: ForeignBundle): boolean {
  const wanted =
    is_sandbox ||
    namespaces.some(({ type }) => type === 'network') ||
    Object.values(hooks).some((each) => each.length > 0);
  if (wanted && userId() !== 0 && namespaces.length > 0)
    throw new WherryError('FailedPrecondition', 'Cannot make the namespaces of the container: that takes root.');
  return wanted;
}
