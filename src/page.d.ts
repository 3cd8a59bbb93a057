/// <reference lib="webworker" />

/** JavaScript Promise Integration, which TypeScript's library does not have yet. */
declare namespace WebAssembly {
  /** An import that suspends the guest until the promise of `call` is settled. */
  const Suspending: new (call: (...parameters: unknown[]) => unknown) => object;

  /** A function that enters an export whose imports may suspend. */
  function promising(call: (...parameters: unknown[]) => unknown): (...parameters: unknown[]) => Promise<unknown>;
}
