import { module_entries_max } from '../limits/index.ts';
import { Cursor } from './cursor.ts';
import { detect, hasMagic, preamble_bytes } from './detect.ts';
import { WasmError } from './error.ts';
import type { Section } from './types.ts';

/** The sections' ids (core spec, 5.5.2). */
export const sectionId = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** The sections in the order they must stand in, custom ones being free (core spec, 5.5.16). */
const order = [
  { id: sectionId.type, name: 'type' },
  { id: sectionId.import, name: 'import' },
  { id: sectionId.function, name: 'function' },
  { id: sectionId.table, name: 'table' },
  { id: sectionId.memory, name: 'memory' },
  { id: sectionId.tag, name: 'tag' },
  { id: sectionId.global, name: 'global' },
  { id: sectionId.export, name: 'export' },
  { id: sectionId.start, name: 'start' },
  { id: sectionId.element, name: 'element' },
  { id: sectionId.dataCount, name: 'data count' },
  { id: sectionId.code, name: 'code' },
  { id: sectionId.data, name: 'data' },
];
const rankOf = new Map(order.map(({ id }, rank) => [id as number, rank]));

/**
 * Goes from section to section by their sizes, without a look inside but for the names of custom ones. Checked: the
 * preamble, the sizes, the order, and that no section but a custom one is there twice.
 */
export function readSections(bytes: Uint8Array): Section[] {
  checkPreamble(bytes);
  const cursor = new Cursor(bytes, preamble_bytes, bytes.length, 'the module');
  const sections: Section[] = [];
  let rank = -1;
  while (cursor.left > 0) {
    const at = cursor.at;
    if (sections.length === module_entries_max) {
      throw cursor.error(`has more sections than the ${module_entries_max} that are allowed`);
    }
    const id = cursor.u8('the id of a section');
    const ownRank = id === sectionId.custom ? rank : rankOf.get(id);
    if (ownRank === undefined) throw cursor.error(`has a section of the unknown id ${id}`, at);
    const name = id === sectionId.custom ? 'custom' : (order[ownRank] as (typeof order)[number]).name;
    if (id !== sectionId.custom) {
      if (ownRank === rank) throw cursor.error(`has two ${name} sections`, at);
      if (ownRank < rank) throw cursor.error(`has its ${name} section after its ${order[rank]?.name} section`, at);
      rank = ownRank;
    }
    const sizeAt = cursor.at;
    const size = cursor.u32(`the size of the ${name} section`);
    const start = cursor.skip(size, `the ${name} section`);
    sections.push(
      id === sectionId.custom
        ? customSection(bytes, start, cursor.at, sizeAt)
        : { id, name, size_at: sizeAt, start, end: cursor.at },
    );
  }
  return sections;
}

function customSection(bytes: Uint8Array, start: number, end: number, sizeAt: number): Section {
  const cursor = new Cursor(bytes, start, end, 'a custom section');
  const name = cursor.name('its name');
  return { id: sectionId.custom, name, size_at: sizeAt, start: cursor.at, end };
}

function checkPreamble(bytes: Uint8Array): void {
  if (!hasMagic(bytes)) throw new WasmError('it does not begin with "\\0asm"', 0);
  if (bytes.length < preamble_bytes) throw new WasmError('it ends before its version', bytes.length);
  const kind = detect(bytes);
  if (kind === 'component') throw new WasmError('it is a component, not a module', 4);
  if (kind === null) throw new WasmError('its version is not 1', 4);
}
