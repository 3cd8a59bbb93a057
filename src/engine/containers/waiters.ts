/** What a client may wait for. */
export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface WaitResult {
  readonly exit_code: number;
}

interface Waiter {
  readonly condition: WaitCondition;
  readonly resolve: (result: WaitResult) => void;
}

/** Those who wait for something to become of a container. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  /** Settles when the condition comes true; never when the signal aborts first. */
  add(condition: WaitCondition, signal: AbortSignal | null): Promise<WaitResult> {
    return new Promise((resolve) => {
      const waiter: Waiter = { condition, resolve };
      this.#waiting.add(waiter);
      signal?.addEventListener('abort', () => this.#waiting.delete(waiter), { once: true });
    });
  }

  settle(conditions: readonly WaitCondition[], result: WaitResult): void {
    for (const waiter of this.#waiting) {
      if (!conditions.includes(waiter.condition)) continue;
      this.#waiting.delete(waiter);
      waiter.resolve(result);
    }
  }
}
