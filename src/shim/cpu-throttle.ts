import { constants } from 'node:os';

import { throttle_tick_ms } from '../limits/index.ts';
import { processorTime } from '../os/index.ts';

const { SIGCONT, SIGSTOP } = constants.signals;

/** The process that is held to its part. */
export interface Throttled {
  readonly pid: number;
  signal(number: number): boolean;
}

/** What a process may have of each period. */
export interface Quota {
  readonly quota_us: number;
  readonly period_us: number;
}

/**
 * Holds a process to its part of a processor without a control group: stops it when it has used more than it was given,
 * and lets it go on when that is made up for. What it does not use it may use later, up to one period's worth.
 */
export class CpuThrottle {
  readonly #process: Throttled;
  #quota: Quota | null = null;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  /** Somebody else has stopped it. */
  #paused = false;
  #left_us = 0;
  #used_us = 0;
  #looked_at_ms = 0;

  constructor(process: Throttled) {
    this.#process = process;
  }

  /** null lets it have what it wants. */
  hold(quota: Quota | null): void {
    this.#quota = quota;
    if (quota === null) this.end();
    else if (this.#timer === null) {
      this.#left_us = quota.quota_us;
      this.#used_us = processorTime(this.#process.pid) ?? 0;
      this.#looked_at_ms = performance.now();
      this.#timer = setInterval(() => this.#look(), throttle_tick_ms);
      this.#timer.unref();
    }
  }

  /** It is stopped from elsewhere, and stays so until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    // Whoever resumed it did not know that it had used its part.
    this.#stopped = false;
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    if (this.#stopped && !this.#paused) this.#process.signal(SIGCONT);
    this.#stopped = false;
  }

  #look(): void {
    const used_us = processorTime(this.#process.pid);
    if (used_us === null || this.#quota === null) {
      this.end();
      return;
    }
    const { quota_us, period_us } = this.#quota;
    const now_ms = performance.now();
    const given_us = ((now_ms - this.#looked_at_ms) * 1000 * quota_us) / period_us;
    this.#left_us = Math.min(quota_us, this.#left_us + given_us) - (used_us - this.#used_us);
    this.#used_us = used_us;
    this.#looked_at_ms = now_ms;
    if (this.#paused) return;
    if (!this.#stopped && this.#left_us < 0) this.#stopped = this.#process.signal(SIGSTOP);
    else if (this.#stopped && this.#left_us >= quota_us / 2) this.#stopped = !this.#process.signal(SIGCONT);
  }
}
