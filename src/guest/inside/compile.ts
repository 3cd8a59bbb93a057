import { WherryError } from '../../errors/index.ts';
import {
  type CodePlacement,
  codePlacement,
  detect,
  type Exposed,
  exposeState,
  limitModule,
  type Module,
  readModule,
} from '../../wasm/index.ts';
import type { GuestJob } from '../job.ts';
import { NotRunnable } from './not-runnable.ts';

/** A compiled program, and what its binary says of itself. */
export interface Compiled {
  readonly module: WebAssembly.Module;
  readonly description: Module;
  readonly code: CodePlacement;
  /** The names that its memories and globals are exported by, for a core dump. */
  readonly state: Pick<Exposed, 'memories' | 'globals'> | null;
}

/**
 * Compiles a program, its memories and tables held to what the job allows. `withCode` makes a module of bytes whose
 * code is there already, or gives null.
 *
 * @throws NotRunnable when it is no module, damaged, too large, or a component
 */
export function compile(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  job: GuestJob,
  withCode: (wire: Uint8Array) => WebAssembly.Module | null,
): Compiled {
  const kind = detect(bytes);
  if (kind === null)
    throw new NotRunnable(
      `exec ${path}: exec format error: it is not WebAssembly (it does not start with \\0asm)`,
      126,
    );
  if (kind === 'component')
    throw new NotRunnable(
      `exec ${path}: exec format error: it is a component; components do not run yet, build it for wasm32-wasip1`,
      126,
    );
  try {
    const description = readModule(bytes);
    const limited = limitModule(bytes, job);
    const state = job.core === true ? exposeState(limited) : null;
    const compiled = (state?.bytes ?? limited) as Uint8Array<ArrayBuffer>;
    const code = codePlacement(description, compiled.length);
    // Code that is kept is that of the program as it is.
    const module = (state === null ? withCode(compiled) : null) ?? new WebAssembly.Module(compiled);
    return { module, description, code, state };
  } catch (error) {
    const why = (error as Error).message.replace(/^WebAssembly\.Module\(\): /, '');
    throw new NotRunnable(`exec ${path}: ${error instanceof WherryError ? '' : 'exec format error: '}${why}`, 126);
  }
}
