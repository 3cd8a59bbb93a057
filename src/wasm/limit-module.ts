import { WasmLimitError } from './error.ts';
import { unsigned } from './leb128.ts';
import { readModule } from './module.ts';
import { sectionId } from './sections.ts';
import type { Limits, MemoryType, Module, Span } from './types.ts';

/** The most a module may have: memory in pages of 64 KiB, whatever pages the module counts in, and table entries. */
export interface ModuleLimits {
  readonly memory_pages_max: number;
  readonly table_entries_max: number;
}

interface Patch extends Span {
  readonly bytes: Uint8Array;
}

const pageBytes = 65_536;
const hasMaximum = 1;
const limited: readonly number[] = [sectionId.import, sectionId.table, sectionId.memory];

/**
 * Gives each memory and table of a module, defined or imported, a maximum of at most what `allowed` says: a lower one
 * of its own stays. Returns the same bytes object when there is nothing to change, else a copy; in the copy everything
 * after the first change stands some bytes later, so positions in it (as traps report) are the copy's own.
 * Throws `WasmError` for malformed bytes and `WasmLimitError` when a memory or table begins above its limit.
 */
export function limitModule(bytes: Uint8Array, allowed: ModuleLimits): Uint8Array {
  const module = readModule(bytes);
  const patches = [
    ...module.memories.map((memory) => limitMemory(module, memory, allowed.memory_pages_max)),
    ...module.tables.map((table) => limitTable(module, table, allowed.table_entries_max)),
  ].filter((patch) => patch !== undefined);
  return patches.length === 0 ? bytes : splice(bytes, withSectionSizes(module, patches));
}

function limitMemory(module: Module, memory: MemoryType, pagesMax: number): Patch | undefined {
  const scale = pageBytes / memory.page_bytes;
  if (memory.minimum > pagesMax * scale) {
    throw new WasmLimitError('memory', Math.ceil(memory.minimum / scale), pagesMax);
  }
  return limit(module, memory, pagesMax * scale);
}

function limitTable(module: Module, table: Limits, entriesMax: number): Patch | undefined {
  if (table.minimum > entriesMax) throw new WasmLimitError('table', table.minimum, entriesMax);
  return limit(module, table, entriesMax);
}

function limit(module: Module, limits: Limits, maximum: number): Patch | undefined {
  if (limits.maximum !== undefined && limits.maximum <= maximum) return undefined;
  const flags = (module.bytes[limits.encoded.start] as number) | hasMaximum;
  const bytes = Uint8Array.from([flags, ...unsigned(limits.minimum), ...unsigned(maximum)]);
  return { ...limits.encoded, bytes };
}

/** Adds the patches of the sizes of the sections that `patches` lengthen or shorten; all in the order of the file. */
function withSectionSizes(module: Module, patches: readonly Patch[]): Patch[] {
  const sizes = module.sections
    .filter((section) => limited.includes(section.id))
    .map((section) => {
      const inside = patches.filter((patch) => patch.start >= section.start && patch.end <= section.end);
      const added = inside.reduce((sum, patch) => sum + patch.bytes.length - (patch.end - patch.start), 0);
      const size = Uint8Array.from(unsigned(section.end - section.start + added));
      return { start: section.size_at, end: section.start, bytes: size };
    });
  return [...patches, ...sizes].sort((a, b) => a.start - b.start);
}

function splice(bytes: Uint8Array, patches: readonly Patch[]): Uint8Array {
  const added = patches.reduce((sum, patch) => sum + patch.bytes.length - (patch.end - patch.start), 0);
  const result = new Uint8Array(bytes.length + added);
  let from = 0;
  let to = 0;
  for (const patch of patches) {
    result.set(bytes.subarray(from, patch.start), to);
    to += patch.start - from;
    result.set(patch.bytes, to);
    to += patch.bytes.length;
    from = patch.end;
  }
  result.set(bytes.subarray(from), to);
  return result;
}
