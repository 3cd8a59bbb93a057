import { debug_inlined_depth_max, debug_name_references_max } from '../../limits/index.ts';
import { findAbbreviation, readAbbreviations } from './abbreviations.ts';
import { Attribute, Tag } from './constants.ts';
import { readableName } from './readable-name.ts';
import { eachRange } from './ranges.ts';
import type { Sections } from './sections.ts';
import { eachUnit, type Entry, numberOf, readEntry, skipEntry, textOf, type Unit } from './units.ts';

/** A function around an address: one of the binary's own, or one that was inlined, with where it was called. */
export interface Function {
  readonly entry: Entry;
  readonly inlined: boolean;
  readonly call_file: number;
  readonly call_line: number;
  readonly call_column: number;
}

/** For each of the addresses the functions around it, outermost first (DWARF 5, 3.3). */
export function functionsAround(sections: Sections, unit: Unit, addresses: readonly number[]): Function[][] {
  const found: Function[][] = addresses.map(() => []);
  const abbreviations = readAbbreviations(sections, unit.abbreviations);
  const reader = sections.open('debug_info', unit.entries, unit.end);
  let depth = 0;
  while (reader.left > 0) {
    sections.budget.spend(1);
    const code = reader.uleb();
    if (code === 0) {
      // Padding may follow the last entry.
      if (--depth <= 0) break;
      continue;
    }
    const abbreviation = abbreviations.get(code);
    if (abbreviation === undefined) throw reader.error(`has an entry of the unknown kind ${code}`);
    const { tag, children } = abbreviation;
    if (tag === Tag.subprogram || tag === Tag.inlined_subroutine) {
      const entry = readEntry(reader, abbreviation, unit);
      eachRange(sections, unit, entry, (low, high) => {
        sections.budget.spend(addresses.length >> 3);
        for (let i = 0; i < addresses.length; i++)
          if (addresses[i]! >= low && addresses[i]! < high) add(found[i]!, entry, tag === Tag.inlined_subroutine);
      });
    } else skipEntry(reader, abbreviation, unit);
    if (children) depth++;
    else if (depth === 0) break;
  }
  return found;
}

/** Entries come before those within them, so the order they are met in is from the outside to the inside. */
function add(chain: Function[], entry: Entry, inlined: boolean): void {
  if (chain.length >= debug_inlined_depth_max || chain.at(-1)?.entry === entry) return;
  // An inlined one without a function around it says nothing; a second function is one within the first.
  if (inlined && chain.length === 0) return;
  if (!inlined) chain.length = 0;
  chain.push({
    entry,
    inlined,
    call_file: numberOf(entry, Attribute.call_file) ?? 0,
    call_line: numberOf(entry, Attribute.call_line) ?? 0,
    call_column: numberOf(entry, Attribute.call_column) ?? 0,
  });
}

/** The name of a function; `qualified` when a linker knows it by one that says more. */
export interface FunctionName {
  readonly name: string;
  readonly qualified: boolean;
}

/** The name of a function as its entry, or one that it refers to, gives it; null when none does. */
export function nameOf(sections: Sections, unit: Unit, entry: Entry): FunctionName | null {
  let name: string | undefined;
  let qualified = false;
  let at: { unit: Unit; entry: Entry } | null = { unit, entry };
  for (let i = 0; at !== null && i < debug_name_references_max; i++) {
    const linkage =
      textOf(sections, at.unit, at.entry, Attribute.linkage_name) ??
      textOf(sections, at.unit, at.entry, Attribute.mips_linkage_name);
    qualified ||= linkage !== undefined;
    const readable = linkage === undefined ? null : readableName(linkage);
    if (readable !== null) return { name: readable, qualified };
    name ??= textOf(sections, at.unit, at.entry, Attribute.name);
    at = referred(sections, at.unit, at.entry);
  }
  return name === undefined ? null : { name, qualified };
}

/** The entry whose abstract instance, or definition, `entry` is. */
function referred(sections: Sections, unit: Unit, entry: Entry): { unit: Unit; entry: Entry } | null {
  const reference = entry.get(Attribute.abstract_origin) ?? entry.get(Attribute.specification);
  if (reference?.is !== 'reference') return null;
  const at = reference.within_unit ? unit.start + reference.number : reference.number;
  const holder = at >= unit.entries && at < unit.end ? unit : unitAround(sections, at);
  if (holder === null) return null;
  const reader = sections.open('debug_info', at, holder.end);
  const code = reader.uleb();
  const abbreviation = code === 0 ? undefined : findAbbreviation(sections, holder.abbreviations, code);
  return abbreviation === undefined ? null : { unit: holder, entry: readEntry(reader, abbreviation, holder) };
}

/** References between units are what link-time optimisation makes. */
function unitAround(sections: Sections, at: number): Unit | null {
  let found: Unit | null = null;
  eachUnit(sections, (unit) => {
    if (at >= unit.entries && at < unit.end) found = unit;
    return found === null;
  });
  return found;
}
