import { WherryError } from '../../errors/index.ts';
import { debug_steps_max } from '../../limits/index.ts';
import { type Function, functionsAround, nameOf } from './functions.ts';
import { type Lines, readLines } from './lines.ts';
import { eachRange } from './ranges.ts';
import { Sections, type SectionSource } from './sections.ts';
import { eachUnit, type Unit } from './units.ts';

/** A place in a source that an address comes from. */
export interface SourceFrame {
  /** The function as its source calls it. */
  readonly function: string | null;
  /** Whether a linker knows it by a longer name, with namespaces or types in it, that the binary's own names have. */
  readonly qualified: boolean;
  readonly file: string | null;
  /** 0 where it is not known. */
  readonly line: number;
  readonly column: number;
  /** It was inlined into the next frame. */
  readonly inlined: boolean;
}

/**
 * Where each of `addresses` comes from, by the DWARF (version 2 to 5) in the sections that `source` gives: for each the
 * innermost function first, then those that it was inlined into; an empty list where nothing is said of it. Addresses
 * count from the start of the code section's content, as WebAssembly has it in DWARF.
 *
 * Nothing is thrown: what is damaged, or takes more than `debug_steps_max` steps to read, tells less.
 */
export function locate(
  source: SectionSource,
  addresses: readonly number[],
  steps: number = debug_steps_max,
): readonly (readonly SourceFrame[])[] {
  const found: (readonly SourceFrame[])[] = addresses.map(() => []);
  const sections = new Sections(source, steps);
  const units: { readonly unit: Unit; readonly of: readonly number[] }[] = [];
  const missing = new Set(addresses.keys());
  attempt(() =>
    eachUnit(sections, (unit) => {
      const of = new Set<number>();
      attempt(() =>
        eachRange(sections, unit, unit.root, (low, high) => {
          sections.budget.spend(missing.size >> 3);
          for (const i of missing) if (addresses[i]! >= low && addresses[i]! < high) of.add(i);
        }),
      );
      for (const i of of) missing.delete(i);
      if (of.size > 0) units.push({ unit, of: [...of] });
      return missing.size > 0;
    }),
  );
  for (const { unit, of } of units) {
    const mine = of.map((i) => addresses[i]!);
    const lines = attempt(() => readLines(sections, unit, mine));
    const chains = attempt(() => functionsAround(sections, unit, mine));
    for (const [n, i] of of.entries()) found[i] = framesOf(sections, unit, lines, n, chains?.[n] ?? []);
  }
  return found;
}

function framesOf(
  sections: Sections,
  unit: Unit,
  lines: Lines | null,
  n: number,
  chain: readonly Function[],
): SourceFrame[] {
  const row = lines?.rows[n] ?? null;
  if (row === null && chain.length === 0) return [];
  const path = (file: number): string | null => attempt(() => lines?.path(file) ?? null);
  const frames: SourceFrame[] = [];
  let { file, line, column } = row ?? { file: -1, line: 0, column: 0 };
  if (chain.length === 0) return [{ function: null, qualified: false, file: path(file), line, column, inlined: false }];
  for (const { entry, inlined, call_file, call_line, call_column } of chain.toReversed()) {
    const name = attempt(() => nameOf(sections, unit, entry));
    frames.push({
      function: name?.name ?? null,
      qualified: name?.qualified ?? false,
      file: path(file),
      line,
      column,
      inlined,
    });
    file = call_file;
    line = call_line;
    column = call_column;
  }
  return frames;
}

/** What `read` gives; null when the debug information cannot be read. */
function attempt<Result>(read: () => Result): Result | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof WherryError)) throw error;
    return null;
  }
}
