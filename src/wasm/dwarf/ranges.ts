import { Attribute, RangeEntry } from './constants.ts';
import type { Sections } from './sections.ts';
import { addressAt, addressOf, type Entry, numberOf, type Unit } from './units.ts';

/** Is called with each range `[low, high)` of addresses. */
export type TakeRange = (low: number, high: number) => void;

/** Goes through the addresses that an entry covers; those of code that the linker dropped are left out. */
export function eachRange(sections: Sections, unit: Unit, entry: Entry, take: TakeRange): void {
  // A linker writes 0 or the largest numbers for what it dropped. No function begins at 0: the number of them does.
  const alive: TakeRange = (low, high) => {
    if (low > 0 && low < high) take(low, high);
  };
  const ranges = entry.get(Attribute.ranges);
  if (ranges === undefined) {
    const low = addressOf(sections, unit, entry, Attribute.low_pc);
    if (low === undefined) return;
    const high = addressOf(sections, unit, entry, Attribute.high_pc);
    alive(low, high ?? low + (numberOf(entry, Attribute.high_pc) ?? 1));
    return;
  }
  const base = addressOf(sections, unit, unit.root, Attribute.low_pc) ?? 0;
  if (unit.version < 5) {
    if (ranges.is === 'number') readRanges(sections, unit, ranges.number, base, alive);
  } else if (ranges.is === 'number') readRangeList(sections, unit, ranges.number, base, alive);
  else if (ranges.is === 'range_list_index') {
    const lists = numberOf(unit.root, Attribute.rnglists_base) ?? (unit.offset_bytes === 8 ? 20 : 12);
    const at = sections.open('debug_rnglists', lists + ranges.number * unit.offset_bytes).offset(unit.offset_bytes);
    readRangeList(sections, unit, lists + at, base, alive);
  }
}

/** A list of `.debug_ranges` (DWARF 4, 2.17.3). */
function readRanges(sections: Sections, unit: Unit, at: number, base: number, take: TakeRange): void {
  const reader = sections.open('debug_ranges', at);
  const largest = unit.address_bytes === 8 ? Number(0xffff_ffff_ffff_ffffn) : 0xffff_ffff;
  for (;;) {
    sections.budget.spend(1);
    const low = reader.address(unit.address_bytes);
    const high = reader.address(unit.address_bytes);
    if (low === 0 && high === 0) return;
    if (low === largest) base = high;
    else take(base + low, base + high);
  }
}

/** A list of `.debug_rnglists` (DWARF 5, 7.25). */
function readRangeList(sections: Sections, unit: Unit, at: number, base: number, take: TakeRange): void {
  const reader = sections.open('debug_rnglists', at);
  const indexed = (): number => addressAt(sections, unit, reader.uleb());
  const address = (): number => reader.address(unit.address_bytes);
  for (;;) {
    sections.budget.spend(1);
    const kind = reader.u8();
    switch (kind) {
      case RangeEntry.end_of_list:
        return;
      case RangeEntry.base_addressx:
        base = indexed();
        break;
      case RangeEntry.base_address:
        base = address();
        break;
      case RangeEntry.offset_pair: {
        const low = reader.uleb();
        take(base + low, base + reader.uleb());
        break;
      }
      case RangeEntry.startx_endx: {
        const low = indexed();
        take(low, indexed());
        break;
      }
      case RangeEntry.startx_length: {
        const low = indexed();
        take(low, low + reader.uleb());
        break;
      }
      case RangeEntry.start_end: {
        const low = address();
        take(low, address());
        break;
      }
      case RangeEntry.start_length: {
        const low = address();
        take(low, low + reader.uleb());
        break;
      }
      default:
        throw reader.error(`has a range of the unknown kind ${kind}`);
    }
  }
}
