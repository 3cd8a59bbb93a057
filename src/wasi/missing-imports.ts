import type { Import } from '../wasm/index.ts';
import { preview1_signatures, refused_functions, unstable_signatures, wasmedge_accept } from './signatures.ts';

/** An import of a module. With `params` and `results` (`'i32'`, `'i64'`, ...) a function's type is checked, too. */
export interface ImportNeeded {
  readonly module: string;
  readonly name: string;
  readonly kind: string;
  readonly params?: readonly string[];
  readonly results?: readonly string[];
}

/** The imports of a module that `wasm/` read, with the types of functions. */
export function importsNeeded(imports: readonly Import[]): readonly ImportNeeded[] {
  return imports.map(({ module, name, type }) =>
    type.kind === 'function' ? { module, name, kind: type.kind, ...type.function } : { module, name, kind: type.kind },
  );
}

/** An import that the host cannot give, and a sentence for the user that says what would. */
export interface MissingImport {
  readonly module: string;
  readonly name: string;
  readonly reason: string;
}

/** Those of `needed` that the host does not have. */
export function missingImports(needed: readonly ImportNeeded[]): readonly MissingImport[] {
  const missing: MissingImport[] = [];
  for (const wanted of needed) {
    const reason = whyMissing(wanted);
    if (reason !== null) missing.push({ module: wanted.module, name: wanted.name, reason });
  }
  return missing;
}

const shown_max = 5;

/** One message about `missing`, to say why a module cannot start; the first few are named. */
export function describeMissing(missing: readonly MissingImport[]): string {
  const shown = missing.slice(0, shown_max).map(({ module, name, reason }) => `${module}.${name} (${reason})`);
  const rest = missing.length - shown.length;
  return `the module imports what this host does not have: ${shown.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}

function whyMissing({ module, name, kind, params, results }: ImportNeeded): string | null {
  const known = signaturesOf(module);
  if (known === null) return provider(module, name, kind);
  if (kind !== 'function') return `WASI has functions, this is imported as a ${kind}`;
  if (module !== 'wasi_unstable' && refused_functions.has(name)) return null;
  const signature = known.get(name);
  if (signature === undefined) return `not a function of ${module}`;
  if (params === undefined || matches(name, signature, params, results)) return null;
  return `its type is (${params.join(', ')}) -> (${(results ?? []).join(', ')}), not that of ${module}`;
}

function signaturesOf(module: string): ReadonlyMap<string, string> | null {
  if (module === 'wasi_snapshot_preview1') return preview1_signatures;
  if (module === 'wasi_unstable') return unstable_signatures;
  return null;
}

function matches(
  name: string,
  signature: string,
  params: readonly string[],
  results: readonly string[] | undefined,
): boolean {
  const given = params.map((type) => (type === 'i32' ? 'i' : type === 'i64' ? 'I' : '?')).join('');
  if (given !== signature && !(name === 'sock_accept' && given === wasmedge_accept)) return false;
  if (results === undefined) return true;
  return results.join() === (name === 'proc_exit' ? '' : 'i32');
}

/** What an import from a module that is not WASI's comes from, as far as its name tells. */
function provider(module: string, name: string, kind: string): string {
  if (module === 'wasi' && name === 'thread-spawn') return 'wasi-threads, which this host does not run yet';
  if (kind === 'memory') return 'a module that brings no memory of its own; shared memories need threads';
  if (module.startsWith('wasi:') || module === 'wasi_snapshot_preview2')
    return 'preview 2; build it as a component, or for wasm32-wasip1';
  if (module.startsWith('wasix_')) return 'WASIX; build it for wasm32-wasip1';
  if (module.startsWith('wasi_nn') || module === 'wasi_ephemeral_nn')
    return 'wasi-nn, a proposal this host does not have';
  if (module.startsWith('wasi')) return 'not a WASI this host knows; it has wasi_snapshot_preview1 and wasi_unstable';
  if (module === 'gojs' || (module === 'go' && kind === 'function'))
    return 'Go for browsers; build it with GOOS=wasip1';
  if (module === 'wbg' || module.startsWith('__wbindgen')) return 'wasm-bindgen; build it for wasm32-wasip1';
  if (module === 'env' && name === 'abort' && kind === 'function')
    return "AssemblyScript's abort; build it with --use abort= or with the WASI shim";
  if (/^(?:_?emscripten_|invoke_|_?_syscall|__cxa_|_?_?embind)/.test(name) || module === 'a')
    return 'Emscripten; build it with -sSTANDALONE_WASM';
  return 'not a WASI function; the module expects its embedder to supply it';
}
