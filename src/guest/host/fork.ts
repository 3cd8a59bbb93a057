import { WherryError } from '../../errors/index.ts';
import { containers_per_shim_max, forks_per_zygote_max, standby_guests, standby_rest_ms } from '../../limits/index.ts';
import { CodeCache } from './code-cache.ts';
import { readOnlyPath } from './bubblewrap.ts';
import type { GuestOptions, GuestProcess, Starter } from './starter.ts';
import { type Standby, startZygote, type Zygote, ZygoteHung, type ZygoteOptions } from './zygote.ts';

export interface ForkOptions extends ZygoteOptions {
  /** Where compiled code is kept; null for nowhere. */
  readonly cache: string | null;
}

/**
 * Guests forked from a zygote, which is renewed after so many forks or when it hangs. A few are forked ahead and stand
 * by, warm, for the next starts; when there are none, a start forks its own.
 */
export function createForkStarter(options: ForkOptions): Starter {
  let zygote: Zygote | null = null;
  let code: CodeCache | null = null;
  let standing_by: Standby[] = [];
  let starting = 0;
  let running = 0;
  let refilling = false;
  let rest: NodeJS.Timeout | null = null;
  let closed = false;
  const figures = {
    zygote_pid: 0,
    starts: 0,
    watch_acted: 0,
    get standby_pids() {
      return standing_by.map(({ pid }) => pid);
    },
  };

  let hang = options.planted_hang === true;
  let bubblewrap = options.bubblewrap;
  let failed_inside = 0;

  /** A zygote that waits for orders. */
  async function ready(): Promise<Zygote> {
    for (;;) {
      if (closed) throw new WherryError('Unavailable', 'Cannot start a guest: the shim is shutting down.');
      if (zygote === null || !zygote.usable || zygote.forks >= forks_per_zygote_max) {
        retire();
        zygote = startZygote({ ...options, bubblewrap, planted_hang: hang }, () => figures.watch_acted++);
        hang = false;
      }
      const mine = zygote;
      const inside = bubblewrap;
      try {
        await mine.ready;
        figures.zygote_pid = mine.pid;
        code ??= openCache(mine);
        return mine;
      } catch (error) {
        if (inside === null || closed) throw error;
        // Found out by trying twice: a kernel or a profile may forbid what bubblewrap needs.
        if (zygote !== mine || ++failed_inside < 2) continue;
        process.stderr.write(
          `the zygote does not start inside ${inside}, so it starts without: ${(error as Error).message}\n`,
        );
        bubblewrap = null;
      }
    }
  }

  function openCache({ flag_hash }: Zygote): CodeCache | null {
    const { cache, native, node, script } = options;
    if (cache === null || native === null || flag_hash === null) return null;
    return new CodeCache({ folder: cache, node, script, native, bubblewrap, flag_hash });
  }

  function retire(): void {
    zygote?.retire();
    zygote = null;
    for (const each of standing_by) each.release();
    standing_by = [];
  }

  async function create(guest: GuestOptions): Promise<GuestProcess> {
    for (let next = standing_by.shift(); next !== undefined; next = standing_by.shift()) {
      const process = next.run(guest);
      if (process !== null) return process;
    }
    const first = await ready();
    try {
      return await first.create(guest);
    } catch (error) {
      if (!(error instanceof ZygoteHung)) throw error;
      // Another start may have put a fresh one in its place already.
      if (zygote === first) retire();
      else first.retire();
      return await (await ready()).create(guest);
    }
  }

  /** A guest that has just begun to run needs the processor more, and so does whoever waits for its first words. */
  function refillSoon(): void {
    if (rest !== null) clearTimeout(rest);
    rest = closed ? null : setTimeout(() => void refill(), standby_rest_ms);
  }

  /** One after the other, and never while a start waits for the processor. */
  async function refill(): Promise<void> {
    if (refilling) return;
    refilling = true;
    try {
      while (!closed && starting === 0 && standing_by.length < standby_guests && running < containers_per_shim_max) {
        const from = await ready();
        const next = await from.standBy();
        if (closed || zygote !== from) next.release();
        else standing_by.push(next);
      }
    } catch {
      // The next start finds the same, and has somebody to tell.
    } finally {
      refilling = false;
    }
  }

  return {
    way: 'fork',
    figures,
    get code() {
      return code;
    },
    async prepare() {
      await ready();
      void refill();
    },
    readOnlyPath(path) {
      const inside = zygote?.usable === true && zygote.pid !== 0 && bubblewrap !== null;
      return inside ? readOnlyPath(zygote!.pid, options.layers ?? [], path) : path;
    },
    async create(guest) {
      figures.starts++;
      starting++;
      let process: GuestProcess;
      try {
        process = await create(guest);
      } finally {
        starting--;
      }
      running++;
      refillSoon();
      process.running.then(refillSoon, refillSoon);
      void process.ended.then(() => running--);
      return process;
    },
    close() {
      closed = true;
      if (rest !== null) clearTimeout(rest);
      retire();
    },
  };
}
