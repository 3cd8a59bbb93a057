import { debug_abbreviation_attributes_max } from '../../limits/index.ts';
import { Form } from './constants.ts';
import type { SectionReader } from './section-reader.ts';
import type { Sections } from './sections.ts';

/** What the entries of one kind have: a tag, children or not, and attributes as name, form, implicit constant. */
export interface Abbreviation {
  readonly tag: number;
  readonly children: boolean;
  readonly attributes: readonly number[];
}

/** The one abbreviation `code` of the table at `offset`, without keeping the others. */
export function findAbbreviation(sections: Sections, offset: number, code: number): Abbreviation | undefined {
  const reader = sections.open('debug_abbrev', offset);
  for (let found = reader.uleb(); found !== 0; found = reader.uleb()) {
    const abbreviation = readAbbreviation(reader);
    if (found === code) return abbreviation;
  }
  return undefined;
}

/** The whole table of abbreviations at `offset` (DWARF 5, 7.5.3). */
export function readAbbreviations(sections: Sections, offset: number): ReadonlyMap<number, Abbreviation> {
  const reader = sections.open('debug_abbrev', offset);
  const table = new Map<number, Abbreviation>();
  let kept = 0;
  for (let code = reader.uleb(); code !== 0; code = reader.uleb()) {
    const abbreviation = readAbbreviation(reader);
    kept += 1 + abbreviation.attributes.length / 3;
    if (kept > debug_abbreviation_attributes_max)
      throw reader.error(`has more than ${debug_abbreviation_attributes_max} attributes in a table`);
    if (!table.has(code)) table.set(code, abbreviation);
  }
  return table;
}

function readAbbreviation(reader: SectionReader): Abbreviation {
  const tag = reader.uleb();
  const children = reader.u8() !== 0;
  const attributes: number[] = [];
  for (;;) {
    reader.budget.spend(1);
    const name = reader.uleb();
    const form = reader.uleb();
    const implicit = form === Form.implicit_const ? reader.sleb() : 0;
    if (name === 0 && form === 0) return { tag, children, attributes };
    if (attributes.length / 3 >= debug_abbreviation_attributes_max)
      throw reader.error(`has more than ${debug_abbreviation_attributes_max} attributes in one kind of entry`);
    attributes.push(name, form, implicit);
  }
}
