import { broker_request_bytes_max, core_memory_bytes_max } from '../../limits/index.ts';
import { bodyStarts, type CoreDump, coreFile } from '../../wasm/index.ts';
import type { TrapFrame } from '../../wasi/index.ts';
import { frame } from '../job.ts';
import type { Channel } from './channel.ts';
import type { Compiled } from './compile.ts';

/** A guest that has trapped, compiled so that its memories and globals can be reached. */
export interface Trapped {
  readonly path: string;
  readonly compiled: Compiled;
  readonly instance: WebAssembly.Instance;
  readonly frames: readonly TrapFrame[];
}

/** Sends the core dump of a guest to its shim. Gives the sentence that is told of it. */
export function sendCore(channel: Channel, guest: Trapped): string {
  let file: ReturnType<typeof coreFile>;
  try {
    file = coreFile(stateOf(guest), core_memory_bytes_max);
  } catch (error) {
    return `no core dump could be made: ${(error as Error).message}`;
  }
  for (const piece of file.pieces)
    for (let at = 0; at < piece.length; at += broker_request_bytes_max)
      channel.send(frame.core, piece.subarray(at, at + broker_request_bytes_max));
  const { size_bytes, left_out_bytes } = file;
  const without = left_out_bytes === 0 ? '' : `, without ${left_out_bytes} bytes of its memory, which is too large`;
  return `core dumped (${size_bytes} bytes${without})`;
}

function stateOf({ path, compiled, instance, frames }: Trapped): CoreDump {
  const { description, state } = compiled;
  const exported = <Kind>(name: string): Kind => instance.exports[name] as Kind;
  const starts = bodyStarts(description);
  return {
    program: path,
    frames: frames.map(({ function: index, offset }) => {
      const start = starts[index - description.functions_imported] ?? offset;
      return { function: index, offset: offset - start };
    }),
    memories: description.memories.map((type, i) => ({
      type,
      bytes: new Uint8Array(exported<WebAssembly.Memory>(state!.memories[i]!).buffer),
    })),
    globals: description.globals.map((type, i) => ({
      type: type.value,
      value: valueOf(exported<WebAssembly.Global>(state!.globals[i]!)),
    })),
  };
}

/** Null of what JavaScript has no value for, or none that a dump can hold. */
function valueOf(global: WebAssembly.Global): number | bigint | null {
  try {
    const value = global.value as unknown;
    return typeof value === 'number' || typeof value === 'bigint' ? value : null;
  } catch {
    return null;
  }
}
