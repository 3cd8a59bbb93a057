import { WherryError } from '../../errors/index.ts';
import { Budget } from './budget.ts';
import { type DebugSection, SectionReader } from './section-reader.ts';

/** The sections that are read, by their names in a module without the dot. */
export const section_names = [
  'debug_info',
  'debug_abbrev',
  'debug_line',
  'debug_str',
  'debug_line_str',
  'debug_str_offsets',
  'debug_addr',
  'debug_ranges',
  'debug_rnglists',
] as const;

export type SectionName = (typeof section_names)[number];

/** The content of a section; undefined when the module has none of that name. */
export type SectionSource = (name: string) => Uint8Array | undefined;

/** The sections of one module, each taken when it is first read, and what may still be spent on reading them. */
export class Sections {
  readonly budget: Budget;
  readonly #source: SectionSource;
  readonly #taken = new Map<SectionName, DebugSection>();

  constructor(source: SectionSource, steps: number) {
    this.#source = source;
    this.budget = new Budget(steps);
  }

  /** A reader that begins at `at`. Throws InvalidArgument when there is no such section, or no such byte in it. */
  open(name: SectionName, at: number = 0, end?: number): SectionReader {
    return new SectionReader(this.#take(name), this.budget, at, end);
  }

  #take(name: SectionName): DebugSection {
    const known = this.#taken.get(name);
    if (known !== undefined) return known;
    const bytes = this.#source(`.${name}`);
    if (bytes === undefined)
      throw new WherryError('InvalidArgument', `Cannot read the debug information: there is no .${name}.`);
    const section = { name: `.${name}`, bytes };
    this.#taken.set(name, section);
    return section;
  }
}
