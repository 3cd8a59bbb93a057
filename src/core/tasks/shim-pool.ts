import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { fromUnknown } from '../../errors/index.ts';
import { containers_per_shim_max, shim_call_ms_max, shim_free_places_min, shim_idle_ms } from '../../limits/index.ts';
import type { Log } from '../log.ts';
import type { ShimLauncher } from '../shim-contract.ts';
import { Shim, type ShimWatcher } from './shim.ts';

export interface ShimPoolOptions {
  /** `<state>/shims`. */
  readonly folder: string;
  readonly launcher: ShimLauncher;
  readonly watcher: ShimWatcher;
  readonly log: Log;
  /** The namespace that always has a shim ready; null for none. */
  readonly warm: string | null;
}

/** A shim, or one that is being started, and how many of its places are taken. */
interface Slot {
  readonly namespace: string;
  readonly starting: Promise<Shim>;
  shim: Shim | null;
  taken: number;
  /** It was told to end. */
  ending: boolean;
  idle: NodeJS.Timeout | null;
}

/** The shims of every namespace: each serves one and holds a limited number of containers. */
export class ShimPool {
  readonly #options: ShimPoolOptions;
  readonly #slots = new Set<Slot>();
  #closed = false;

  constructor(options: ShimPoolOptions) {
    this.#options = options;
  }

  /** A shim with a place for one more container, which is taken; starts one when all are full. */
  async acquire(namespace: string): Promise<Shim> {
    const slot = this.#withRoom(namespace) ?? this.#start(namespace);
    slot.taken++;
    if (slot.idle !== null) clearTimeout(slot.idle);
    slot.idle = null;
    if (namespace === this.#options.warm) this.keepWarm();
    return await slot.starting;
  }

  /** Gives a place back. */
  release(shim: Shim): void {
    const slot = this.#find(shim);
    if (slot === null) return;
    slot.taken--;
    this.#settleIdle(slot);
  }

  /** Takes another place in a shim that is here; null when there is none of that id. */
  retake(namespace: string, id: string): Shim | null {
    for (const slot of this.#slots) {
      const { shim } = slot;
      if (slot.namespace !== namespace || shim?.bootstrap.id !== id || shim.isGone || slot.ending) continue;
      slot.taken++;
      if (slot.idle !== null) clearTimeout(slot.idle);
      slot.idle = null;
      return shim;
    }
    return null;
  }

  /** Takes up a shim that another daemon started, with as many places taken as it has tasks. */
  adopt(shim: Shim, taken: number): void {
    const slot: Slot = {
      namespace: shim.namespace,
      starting: Promise.resolve(shim),
      shim,
      taken,
      ending: false,
      idle: null,
    };
    this.#slots.add(slot);
    this.#settleIdle(slot);
  }

  /** Forgets a shim whose process is gone. */
  forget(shim: Shim): void {
    const slot = this.#find(shim);
    if (slot === null) return;
    if (slot.idle !== null) clearTimeout(slot.idle);
    this.#slots.delete(slot);
    if (!this.#closed && !slot.ending) this.keepWarm();
  }

  /** Starts a shim in the background when the warm namespace has few places left. */
  keepWarm(): void {
    const { warm, log } = this.#options;
    if (warm === null || this.#closed || this.#freePlaces(warm) >= shim_free_places_min) return;
    this.#start(warm).starting.catch((error: unknown) => {
      log.warn(`no shim is ready for the next container: ${fromUnknown(error).message}`);
    });
  }

  /** Ends the shims that hold nothing and hangs up on the others, which live on. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(
      [...this.#slots].map(async (slot) => {
        if (slot.idle !== null) clearTimeout(slot.idle);
        const shim = await slot.starting.catch(() => null);
        if (shim === null) return;
        if (slot.taken === 0) await this.#end(slot, shim);
        shim.leave();
      }),
    );
  }

  #withRoom(namespace: string): Slot | undefined {
    return [...this.#slots].find(
      (slot) =>
        slot.namespace === namespace &&
        !slot.ending &&
        slot.taken < containers_per_shim_max &&
        slot.shim?.isGone !== true,
    );
  }

  #freePlaces(namespace: string): number {
    let free = 0;
    for (const slot of this.#slots) {
      if (slot.namespace === namespace && !slot.ending) free += containers_per_shim_max - slot.taken;
    }
    return free;
  }

  #find(shim: Shim): Slot | null {
    return [...this.#slots].find((slot) => slot.shim === shim) ?? null;
  }

  #start(namespace: string): Slot {
    const slot: Slot = {
      namespace,
      starting: this.#launch(namespace),
      shim: null,
      taken: 0,
      ending: false,
      idle: null,
    };
    this.#slots.add(slot);
    slot.starting.then(
      (shim) => {
        slot.shim = shim;
        this.#settleIdle(slot);
      },
      () => this.#slots.delete(slot),
    );
    return slot;
  }

  async #launch(namespace: string): Promise<Shim> {
    const { folder: shims, launcher, watcher, log } = this.#options;
    const id = randomBytes(8).toString('hex');
    const folder = join(shims, id);
    try {
      const bootstrap = await launcher.launch({ id, namespace, folder });
      return await Shim.connect(bootstrap, folder, watcher, log);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** An empty shim goes after a while, unless it is the one that is kept ready. */
  #settleIdle(slot: Slot): void {
    if (slot.taken > 0 || slot.ending || slot.idle !== null || this.#closed || this.#isKeptReady(slot)) return;
    slot.idle = setTimeout(() => {
      slot.idle = null;
      // Others that were empty, too, may have gone meanwhile.
      if (slot.taken > 0 || slot.shim === null || this.#closed || this.#isKeptReady(slot)) return;
      void this.#end(slot, slot.shim);
    }, shim_idle_ms);
    slot.idle.unref();
  }

  #isKeptReady({ namespace }: Slot): boolean {
    const { warm } = this.#options;
    return namespace === warm && this.#freePlaces(warm) - containers_per_shim_max < shim_free_places_min;
  }

  async #end(slot: Slot, shim: Shim): Promise<void> {
    slot.ending = true;
    try {
      await shim.task.shutdown({ id: '', now: false }, { timeout_ms: shim_call_ms_max });
    } catch (error) {
      this.#options.log.warn(`shim ${shim.bootstrap.id} could not be told to end: ${fromUnknown(error).message}`);
    }
  }
}
