import type { Code, GuestJob, Program, ProgramPlace, Starter } from '../guest/index.ts';
import { code_run_ms_min } from '../limits/index.ts';
import type { RootFilesystem } from './bundle.ts';

/** Compiled code for the program of a container, as far as it is known, and what to do when it turns out to be another. */
export interface CompiledCode {
  readonly code: Code | null;
  readonly place: ProgramPlace | null;
  program(place: ProgramPlace): void;
  /** The guest has ended. */
  end(): void;
}

/** Looks for the code of what an earlier container of the same image ran by the same name. */
export function compiledCode(
  container: {
    /** As the process names it, and where it is looked for. */
    readonly program: string;
    readonly env: readonly string[];
    readonly cwd: string;
    readonly root: RootFilesystem;
    readonly starter: Pick<Starter, 'code'>;
  },
  { layers, memory_pages_max, table_entries_max }: Pick<GuestJob, 'layers' | 'memory_pages_max' | 'table_entries_max'>,
): CompiledCode {
  const { env, cwd, root, starter } = container;
  const cache = starter.code;
  if (cache === null || root.directory !== undefined)
    return { code: null, place: null, program: () => {}, end: () => {} };
  const path = env.find((entry) => entry.startsWith('PATH=')) ?? '';
  const key = JSON.stringify([root.chain_index, container.program, cwd, path, memory_pages_max]);
  const known = cache.known(key);
  const code = known === null ? null : cache.find(known);
  let timer: NodeJS.Timeout | null = null;
  return {
    code,
    place: code === null ? null : known!.place,
    program(place) {
      const program: Program = { diff_id: layers[place.layer]!.diff_id, place, memory_pages_max, table_entries_max };
      cache.remember(key, program);
      // One that has ended by then loses little by being compiled anew.
      timer = setTimeout(() => cache.compileLater(program, root.layers[place.layer]!), code_run_ms_min);
    },
    end() {
      if (timer !== null) clearTimeout(timer);
    },
  };
}
