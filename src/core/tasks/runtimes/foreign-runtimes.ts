import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { Log } from '../../log.ts';
import type { Any } from '../../model.ts';
import { docker_namespace } from '../../paths.ts';
import { keptProgram, makeBundle, removeBundle } from './bundle-folder.ts';
import { ForeignShim, type ForeignShimOptions } from './foreign-shim.ts';
import { type ShimEnvironment, shimFolders } from './program.ts';
import { shimProgram } from './runtime-name.ts';
import type { Shim } from '../shim.ts';
import type { StreamHolders } from './task-streams.ts';

/** Where the bundles of shims lie: of tasks, or of sandboxes. */
export interface BundleFolders {
  readonly bundles: string;
  bundle(namespace: string, id: string): string;
  workFolder(namespace: string, id: string): string;
}

/** Whom a shim is started for: a container or a sandbox. */
export interface ShimOwner {
  readonly id: string;
  readonly spec: { readonly value: Uint8Array } | null;
}

export interface ForeignRuntimesOptions {
  readonly folders: BundleFolders;
  readonly environment: ShimEnvironment;
  /** Shims of ours, which hold streams. */
  readonly holders: StreamHolders;
  readonly log: Log;
  /** A shim is gone although nobody had it go. */
  readonly gone: (shim: ForeignShim) => void;
}

/** Shims that are not ours: programs that speak containerd's shim protocol. */
export class ForeignRuntimes {
  readonly #options: ForeignRuntimesOptions;
  readonly #shims = new Set<WeakRef<ForeignShim>>();

  constructor(options: ForeignRuntimesOptions) {
    this.#options = options;
  }

  /**
   * Makes the bundle of a new task and starts the shim that its container's runtime, or `program`, names.
   *
   * @throws WherryError in containerd's words when there is no such program, or it fails
   */
  async start(
    namespace: string,
    owner: ShimOwner,
    { program, options }: { program: string; options: Any | null },
  ): Promise<ForeignShim> {
    const { id } = owner;
    const bundle = this.#options.folders.bundle(namespace, id);
    const path = shimProgram(program, shimFolders(this.#options.environment));
    this.#makeBundle(namespace, owner);
    try {
      return this.#keep(await ForeignShim.start(this.#shimOptions(namespace, id, path), options));
    } catch (error) {
      await removeBundle(bundle);
      throw error;
    }
  }

  /**
   * Makes the bundle of a new task that a sandbox's shim is to have.
   *
   * @throws WherryError when the shim cannot be reached
   */
  async join(namespace: string, owner: ShimOwner, sandbox: ForeignShim): Promise<ForeignShim> {
    this.#makeBundle(namespace, owner);
    try {
      return this.#keep(await ForeignShim.join(this.#shimOptions(namespace, owner.id, sandbox.program), sandbox));
    } catch (error) {
      await removeBundle(this.#options.folders.bundle(namespace, owner.id));
      throw error;
    }
  }

  #makeBundle(namespace: string, { id, spec }: ShimOwner): void {
    const { folders } = this.#options;
    makeBundle(folders.bundle(namespace, id), folders.workFolder(namespace, id), spec?.value ?? null);
  }

  /** The bundles of tasks that another daemon made. */
  bundles(): readonly { readonly namespace: string; readonly id: string; readonly program: string }[] {
    const { bundles } = this.#options.folders;
    return readdirSync(bundles).flatMap((name) => {
      if (!name.startsWith('@')) return this.#bundle(docker_namespace, name);
      return readdirSync(join(bundles, name)).flatMap((id) => this.#bundle(name.slice(1), id));
    });
  }

  /** Finds the shim of such a bundle. */
  async load({ namespace, id, program }: { namespace: string; id: string; program: string }): Promise<ForeignShim> {
    return this.#keep(await ForeignShim.load(this.#shimOptions(namespace, id, program)));
  }

  /** Hangs up; the shims live on. */
  close(): void {
    for (const shim of this.#shims) shim.deref()?.leave();
  }

  /** A shim of ours is gone, which may have held streams. */
  holderGone(holder: Shim): void {
    for (const shim of this.#shims) void shim.deref()?.holderGone(holder);
  }

  #keep(shim: ForeignShim): ForeignShim {
    for (const each of this.#shims) if (each.deref() === undefined) this.#shims.delete(each);
    this.#shims.add(new WeakRef(shim));
    return shim;
  }

  #bundle(namespace: string, id: string): { namespace: string; id: string; program: string }[] {
    let path: string;
    try {
      path = this.#options.folders.bundle(namespace, id);
    } catch {
      return [];
    }
    const program = keptProgram(path);
    return program === null ? [] : [{ namespace, id, program }];
  }

  #shimOptions(namespace: string, id: string, program: string): ForeignShimOptions {
    const { folders, environment, holders, log, gone } = this.#options;
    return { call: { program, namespace, id, bundle: folders.bundle(namespace, id), environment }, holders, log, gone };
  }
}
