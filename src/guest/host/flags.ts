import { heap_bytes_max, stack_bytes_max } from '../../limits/index.ts';

/**
 * What a process has besides whose guest is to be debugged: its address is told on stderr, and nobody who finds the port
 * is told it.
 */
export const debug_flags: readonly string[] = ['--inspect-publish-uid=stderr'];

/** Node flags of every process that may hold a guest. `docs/decisions/starting-guests.md` says what each gives. */
export const guest_flags: readonly string[] = [
  '--experimental-ffi',
  '--no-warnings',
  '--expose-gc',
  '--no-flush-bytecode',
  '--single-threaded',
  '--single-threaded-gc',
  '--wasm-sync-tier-up',
  '--wasm-lazy-validation',
  '--v8-pool-size=1',
  '--disable-sigusr1',
  '--disallow-code-generation-from-strings',
  '--disable-proto=throw',
  `--stack-size=${stack_bytes_max / 1024}`,
  `--max-old-space-size=${heap_bytes_max / 1024 ** 2}`,
];

const not_for_compiler: ReadonlySet<string> = new Set(['--wasm-lazy-validation', '--wasm-sync-tier-up']);

/** Those of a process that compiles whole modules, optimised at once, and runs none. */
export const compiler_flags: readonly string[] = [
  ...guest_flags.filter((flag) => !not_for_compiler.has(flag)),
  '--no-liftoff',
  '--no-wasm-lazy-compilation',
];
