/**
 * A process that compiles one module whole and never runs any: `guest.js compile NATIVE ORDER`. It gets the layer's tar,
 * its index and a file for the code as descriptors 3 to 5, and ends with 0 when the code is in it.
 */
import { code_compile_cpu_s_max, code_compiler_bytes_max } from '../../limits/index.ts';
import { mapFile, RLIMIT, setLimit, statDescriptor, write } from '../../os/index.ts';
import { readLayer } from '../../vfs/index.ts';
import { limitModule } from '../../wasm/index.ts';
import type { CompileOrder } from '../job.ts';
import { loadNative, serializeFor } from './compiled-code.ts';

const [tar_fd, index_fd, code_fd] = [3, 4, 5];

/** Gives the exit code. */
export function compileWhole(native: string, order_text: string): number {
  // A module may be made to be hard to compile.
  setLimit(RLIMIT.CPU, BigInt(code_compile_cpu_s_max));
  setLimit(RLIMIT.DATA, BigInt(code_compiler_bytes_max));
  setLimit(RLIMIT.CORE, 0n);
  const order = JSON.parse(order_text) as CompileOrder;
  const index = mapFile(index_fd, Number(statDescriptor(index_fd).size)).bytes;
  const bytes = readLayer({ tar_fd, index, name: 'layer' }, order.place.offset, order.place.size);
  loadNative(native);
  const module = new WebAssembly.Module(limitModule(bytes, order) as Uint8Array<ArrayBuffer>);
  const code = serializeFor(module, order.flag_hash);
  if (code === null) return 1;
  for (let at = 0; at < code.length;) at += write(code_fd, code.subarray(at));
  return 0;
}
