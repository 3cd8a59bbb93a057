import { collection_delay_ms, collection_share_max } from '../limits/index.ts';
import type { Log } from './log.ts';

/** Collects a moment after something was deleted, and so seldom that it takes only a small part of the time. */
export class CollectSoon {
  readonly #collect: () => Promise<unknown>;
  readonly #log: Log;
  #timer: NodeJS.Timeout | null = null;
  #earliest_ms = 0;
  #running = false;
  /** Asked for while it ran. */
  #again = false;
  #closed = false;

  constructor(collect: () => Promise<unknown>, log: Log) {
    this.#collect = collect;
    this.#log = log;
  }

  /** Something was deleted: what it referred to may go. */
  ask(): void {
    if (this.#closed) return;
    if (this.#running) this.#again = true;
    if (this.#running || this.#timer !== null) return;
    const wait = Math.max(collection_delay_ms, this.#earliest_ms - Date.now());
    this.#timer = setTimeout(() => void this.#run(), wait);
    this.#timer.unref();
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  async #run(): Promise<void> {
    this.#timer = null;
    this.#running = true;
    const began_ms = Date.now();
    try {
      await this.#collect();
    } catch (error) {
      this.#log.warn(`collection failed: ${(error as Error).message}`);
    }
    this.#running = false;
    this.#earliest_ms = Date.now() + (Date.now() - began_ms) / collection_share_max;
    if (!this.#again) return;
    this.#again = false;
    this.ask();
  }
}
