import type { Code, GuestJob, Program, ProgramPlace, Starter } from '../guest/index.ts';
import type { Bundle, RootFilesystem } from './bundle.ts';

/** Compiled code for the program of a container, as far as it is known, and what to do when it turns out to be another. */
export interface CompiledCode {
  readonly code: Code | null;
  readonly place: ProgramPlace | null;
  program(place: ProgramPlace): void;
}

/** Looks for the code of what an earlier container of the same image ran by the same name. */
export function compiledCode(
  container: {
    readonly bundle: Bundle;
    readonly root: RootFilesystem;
    readonly starter: Pick<Starter, 'code'>;
  },
  { layers, memory_pages_max, table_entries_max }: GuestJob,
): CompiledCode {
  const { bundle, root, starter } = container;
  const cache = starter.code;
  if (cache === null) return { code: null, place: null, program: () => {} };
  const path = bundle.env.find((entry) => entry.startsWith('PATH=')) ?? '';
  const key = JSON.stringify([root.chain_index, bundle.args[0], bundle.cwd, path, memory_pages_max]);
  const known = cache.known(key);
  const code = known === null ? null : cache.find(known);
  return {
    code,
    place: code === null ? null : known!.place,
    program(place) {
      const program: Program = { diff_id: layers[place.layer]!.diff_id, place, memory_pages_max, table_entries_max };
      cache.remember(key, program);
      if (cache.find(program) === null) cache.compileLater(program, root.layers[place.layer]!);
    },
  };
}
