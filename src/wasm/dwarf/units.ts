import { type Abbreviation, findAbbreviation } from './abbreviations.ts';
import { Attribute, UnitType } from './constants.ts';
import { type Encoding, readForm, type Value } from './forms.ts';
import type { SectionReader } from './section-reader.ts';
import type { Sections } from './sections.ts';

/** A unit of `.debug_info` and what its first entry says. */
export interface Unit extends Encoding {
  readonly start: number;
  readonly end: number;
  /** Where its first entry is. */
  readonly entries: number;
  readonly abbreviations: number;
  readonly root: Entry;
}

/** The attributes of an entry that are needed here, by their codes. */
export type Entry = ReadonlyMap<number, NonNullable<Value>>;

const needed: ReadonlySet<number> = new Set(Object.values(Attribute));

/** Goes through the units (DWARF 5, 7.5.1) as long as `take` answers true. Units of types are passed over. */
export function eachUnit(sections: Sections, take: (unit: Unit) => boolean): void {
  const reader = sections.open('debug_info');
  while (reader.left > 0) {
    sections.budget.spend(1);
    const start = reader.at;
    const { end, offset_bytes } = reader.unitLength();
    const unit = readUnit(sections, start, end, reader.at, offset_bytes);
    if (unit !== null && !take(unit)) return;
    reader.at = end;
  }
}

function readUnit(sections: Sections, start: number, end: number, header: number, offset_bytes: number): Unit | null {
  const reader = sections.open('debug_info', header, end);
  const version = reader.u16();
  if (version < 2 || version > 5) return null;
  let address_bytes: number;
  let abbreviations: number;
  if (version === 5) {
    const type = reader.u8();
    address_bytes = reader.u8();
    abbreviations = reader.offset(offset_bytes);
    if (type === UnitType.skeleton || type === UnitType.split_compile) reader.skip(8);
    else if (type !== UnitType.compile && type !== UnitType.partial) return null;
  } else {
    abbreviations = reader.offset(offset_bytes);
    address_bytes = reader.u8();
  }
  const entries = reader.at;
  const encoding = { version, offset_bytes, address_bytes };
  const code = reader.uleb();
  const abbreviation = code === 0 ? undefined : findAbbreviation(sections, abbreviations, code);
  const root = abbreviation === undefined ? new Map() : readEntry(reader, abbreviation, encoding);
  return { ...encoding, start, end, entries, abbreviations, root };
}

/** Reads the attributes of an entry, whose code was read before. */
export function readEntry(reader: SectionReader, { attributes }: Abbreviation, encoding: Encoding): Entry {
  const entry = new Map<number, NonNullable<Value>>();
  reader.budget.spend(attributes.length / 3);
  for (let i = 0; i < attributes.length; i += 3) {
    const value = readForm(reader, attributes[i + 1]!, encoding, attributes[i + 2]!);
    if (value !== null && needed.has(attributes[i]!)) entry.set(attributes[i]!, value);
  }
  return entry;
}

/** Steps over the attributes of an entry. */
export function skipEntry(reader: SectionReader, { attributes }: Abbreviation, encoding: Encoding): void {
  reader.budget.spend(attributes.length / 3);
  for (let i = 0; i < attributes.length; i += 3) readForm(reader, attributes[i + 1]!, encoding, attributes[i + 2]!);
}

/** A plain number of an entry: a line, a column, an offset into a section. */
export function numberOf(entry: Entry, attribute: number): number | undefined {
  const value = entry.get(attribute);
  return value?.is === 'number' ? value.number : undefined;
}

/** The text of an attribute, wherever it stands. */
export function textOf(sections: Sections, unit: Unit, entry: Entry, attribute: number): string | undefined {
  const value = entry.get(attribute);
  if (value?.is === 'text') return sections.open(value.section ?? 'debug_info', value.number).text();
  if (value?.is !== 'text_index') return undefined;
  // Without a base: after the header of the only table there is.
  const base = numberOf(unit.root, Attribute.str_offsets_base) ?? unit.offset_bytes * 2;
  const at = base + value.number * unit.offset_bytes;
  return sections.open('debug_str', sections.open('debug_str_offsets', at).offset(unit.offset_bytes)).text();
}

/** The address `index` of the unit's table of addresses. */
export function addressAt(sections: Sections, unit: Unit, index: number): number {
  const base = numberOf(unit.root, Attribute.addr_base) ?? unit.offset_bytes * 2;
  return sections.open('debug_addr', base + index * unit.address_bytes).address(unit.address_bytes);
}

/** The address that an attribute is. */
export function addressOf(sections: Sections, unit: Unit, entry: Entry, attribute: number): number | undefined {
  const value = entry.get(attribute);
  if (value?.is === 'address') return value.number;
  return value?.is === 'address_index' ? addressAt(sections, unit, value.number) : undefined;
}
