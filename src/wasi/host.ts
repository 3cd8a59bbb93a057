import { WherryError } from '../errors/index.ts';
import { fdCalls } from './calls/fd.ts';
import { pathCalls } from './calls/path.ts';
import { pollCalls } from './calls/poll.ts';
import { processCalls } from './calls/process.ts';
import { sockCalls } from './calls/sock.ts';
import type { Clock } from './clock.ts';
import { Descriptors } from './descriptors.ts';
import type { Directory, File } from './files.ts';
import { GuestMemory } from './guest-memory.ts';
import { type Layout, preview1, unstable } from './layout.ts';
import { describeMissing, type ImportNeeded, missingImports } from './missing-imports.ts';
import { all_rights, directory_rights, listening_rights, rightsOf } from './rights.ts';
import type { Sockets } from './sockets.ts';
import { type Calls, guard, type State } from './state.ts';
import { PathFinder } from './working-directory.ts';

export interface HostOptions {
  /** `argv`, the program's name first. */
  readonly args: readonly string[];
  /** `NAME=value`. */
  readonly env: readonly string[];
  /** The descriptors after the sockets. The first is what absolute symlinks start from and `working_directory` is about. */
  readonly preopens: readonly { readonly name: string; readonly directory: Directory }[];
  /** Absolute; `/` unless given. See `PathFinder` for what it means. */
  readonly working_directory?: string;
  readonly stdin: File;
  readonly stdout: File;
  readonly stderr: File;
  /**
   * Descriptors from 3 on, where programs look for what sd_listen_fds(3) speaks of. A libc that looks there for
   * directories is told that they are something else and goes on.
   */
  readonly sockets?: Sockets;
  readonly clock: Clock;
  /** Fills with randomness; at most `random_bytes_max` bytes at once. */
  readonly random: (into: Uint8Array) => void;
}

/** WASI preview 1 for one guest. */
export interface Host {
  /**
   * What a module is instantiated with: the functions of `wasi_snapshot_preview1` and `wasi_unstable` that it imports.
   * With `suspending` those that may wait are suspending imports (the guest is then entered through
   * `WebAssembly.promising`); without, they block. Throws InvalidArgument, naming every import that the host lacks.
   */
  imports(
    needed: WebAssembly.Module | readonly ImportNeeded[],
    options?: { readonly suspending?: boolean },
  ): WebAssembly.Imports;
  /** Tells where the guest's memory is; to be called before any of its code runs. */
  setMemory(memory: WebAssembly.Memory): void;
  /** `setMemory` with the memory that `instance` exports. A guest without one gets FAULT wherever it passes a pointer. */
  bind(instance: WebAssembly.Instance): void;
  /** The exit code once the guest has called `proc_exit`, else null. */
  readonly exited: number | null;
  /** Closes what the guest left open. */
  close(): void;
}

const waiting_calls: readonly string[] = [
  'fd_read',
  'fd_write',
  'poll_oneoff',
  'sock_accept',
  'sock_recv',
  'sock_send',
];

/** A host for one guest. Throws InvalidArgument when an argument or a variable holds a NUL. */
export function createHost(options: HostOptions): Host {
  const root = options.preopens[0]?.directory;
  if (root === undefined) throw new WherryError('InvalidArgument', 'Cannot make a WASI host without a preopen.');
  const state: State = {
    memory: new GuestMemory(),
    descriptors: openDescriptors(options),
    finder: new PathFinder(root, options.working_directory ?? '/'),
    clock: options.clock,
    random: options.random,
    args: options.args.map(toBytes),
    env: options.env.map(toBytes),
    exited: null,
  };

  return {
    imports(needed, { suspending = false } = {}) {
      const list = needed instanceof WebAssembly.Module ? WebAssembly.Module.imports(needed) : needed;
      const missing = missingImports(list);
      if (missing.length > 0) throw new WherryError('InvalidArgument', describeMissing(missing));
      const imports: WebAssembly.Imports = {};
      for (const module of new Set(list.map((wanted) => wanted.module))) {
        const names = new Set(list.filter((wanted) => wanted.module === module).map((wanted) => wanted.name));
        imports[module] = namespace(state, module === 'wasi_unstable' ? unstable : preview1, names, suspending);
      }
      return imports;
    },
    setMemory: (memory) => state.memory.set(memory),
    bind(instance) {
      const { memory } = instance.exports;
      if (memory instanceof WebAssembly.Memory) state.memory.set(memory);
    },
    get exited() {
      return state.exited;
    },
    close: () => state.descriptors.closeAll(),
  };
}

function namespace(
  state: State,
  layout: Layout,
  names: ReadonlySet<string>,
  suspending: boolean,
): WebAssembly.ModuleImports {
  const calls: Calls = {
    ...processCalls(state),
    ...fdCalls(state, layout, suspending),
    ...pathCalls(state, layout),
    ...pollCalls(state, layout, suspending),
    ...sockCalls(state, suspending),
  };
  const exports: WebAssembly.ModuleImports = {};
  for (const name of names) {
    const guarded = guard(state, calls[name]!);
    exports[name] = suspending && waiting_calls.includes(name) ? suspend(guarded) : guarded;
  }
  return exports;
}

/** An import is a function to TypeScript's library; a `Suspending` is an object. */
function suspend(call: (...parameters: unknown[]) => unknown): () => unknown {
  return new WebAssembly.Suspending(call) as object as () => unknown;
}

function openDescriptors(options: HostOptions): Descriptors {
  const descriptors = new Descriptors();
  for (const file of [options.stdin, options.stdout, options.stderr])
    descriptors.add({ kind: 'file', file, rights: rightsOf(file), inheriting: 0, flags: 0 });
  for (const file of options.sockets?.listening ?? [])
    descriptors.add({ kind: 'listener', file, rights: listening_rights, inheriting: listening_rights, flags: 0 });
  for (const { name, directory } of options.preopens)
    descriptors.add({
      kind: 'directory',
      directory,
      preopen: name,
      rights: directory_rights,
      inheriting: all_rights,
      flags: 0,
    });
  return descriptors;
}

const encoder = new TextEncoder();

function toBytes(text: string): Uint8Array {
  if (text.includes('\0'))
    throw new WherryError('InvalidArgument', `Cannot give ${JSON.stringify(text)} to a guest: it holds a NUL.`);
  return encoder.encode(`${text}\0`);
}
