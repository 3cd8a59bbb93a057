/** Compiled code as bytes and back, by the small native part where it is there. docs/decisions/compiled-code.md */
import { code_header_bytes } from '../../limits/index.ts';
import { close, mapPrivate, memoryFile, write } from '../../os/index.ts';

interface Native {
  serialize(module: WebAssembly.Module): ArrayBuffer | undefined;
  deserialize(wire: Uint8Array, code: Uint8Array): WebAssembly.Module | undefined;
}

let native: Native | null = null;

/** Where V8 writes the hash of its flags into what it serializes: behind the magic, its version and the processor. */
const flag_hash_at = 12;

/** Calls after which the optimising compiler must have had its turn. */
const calls_max = 10_000_000;

const rehearsals = 24;

/** (func (param i32) (result i32) local.get 0 i32.const 1 i32.add), exported as "f". */
const increment = Buffer.from('0061736d0100000001060160017f017f03020100070501016600000a09010700200041016a0b', 'hex');

/** Loads the native part from `path`; where that does not work there is none. */
export function loadNative(path: string): void {
  const module: { exports: Native | Record<string, never> } = { exports: {} };
  try {
    process.dlopen(module, path);
  } catch {
    return;
  }
  if ('serialize' in module.exports) native = module.exports as Native;
}

/**
 * What V8's flags in this process are to its serialized code: two processes with the same hash take each other's. Null
 * without the native part.
 */
export function flagHash(): number | null {
  if (native === null) return null;
  const module = new WebAssembly.Module(increment);
  const f = new WebAssembly.Instance(module).exports['f'] as (value: number) => number;
  for (let i = 1; i < calls_max; i++) {
    f(i);
    if (i % 10_000 !== 0) continue;
    const code = native.serialize(module);
    if (code === undefined) continue;
    rehearse(new Uint8Array(code));
    return new DataView(code).getUint32(flag_hash_at, true);
  }
  return null;
}

/** Goes the way of a guest with compiled code, so that it need not be compiled in each child. */
function rehearse(code: Uint8Array): void {
  const fd = memoryFile('rehearsal');
  write(fd, new Uint8Array(code_header_bytes));
  write(fd, code);
  for (let i = 0; i < rehearsals; i++) moduleWithCode(increment, fd, code_header_bytes + code.length);
  close(fd);
}

/** The code of a module that was compiled whole, for processes whose flags have that hash. Null when there is none. */
export function serializeFor(module: WebAssembly.Module, flag_hash: number): Uint8Array | null {
  const code = native?.serialize(module);
  if (code === undefined) return null;
  new DataView(code).setUint32(flag_hash_at, flag_hash, true);
  return new Uint8Array(code);
}

/** A module of these bytes with the compiled code in the file `fd` of `size` bytes; null when V8 does not take it. */
export function moduleWithCode(wire: Uint8Array, fd: number, size: number): WebAssembly.Module | null {
  if (native === null) return null;
  const mapped = mapPrivate(fd, size - code_header_bytes, code_header_bytes);
  try {
    return native.deserialize(wire, mapped.bytes) ?? null;
  } finally {
    mapped.unmap();
  }
}
