import { unsigned } from './leb128.ts';
import { readModule } from './module.ts';
import { sectionId } from './sections.ts';
import type { Module, Section } from './types.ts';

/** A module that exports all its memories and globals, and the names that it does so by, in the order of the indices. */
export interface Exposed {
  readonly bytes: Uint8Array;
  readonly memories: readonly string[];
  readonly globals: readonly string[];
}

const kinds = { memory: 2, global: 3 } as const;
/** Before these an export section stands (core spec, 5.5.16). */
const after_exports: readonly number[] = [
  sectionId.start,
  sectionId.element,
  sectionId.dataCount,
  sectionId.code,
  sectionId.data,
];

/**
 * Adds exports of all memories and globals to a module, under names that none of its own begins with. The copy's code
 * stands later by as many bytes as it is longer. Throws `WasmError` for malformed bytes.
 */
export function exposeState(bytes: Uint8Array): Exposed {
  const module = readModule(bytes);
  const prefix = freePrefix(module);
  const names = (kind: 'memory' | 'global', count: number): string[] =>
    Array.from({ length: count }, (_, i) => `${prefix}${kind}${i}`);
  const memories = names('memory', module.memories.length);
  const globals = names('global', module.globals.length);
  const entries = [
    ...memories.map((name, index) => entry(name, kinds.memory, index)),
    ...globals.map((name, index) => entry(name, kinds.global, index)),
  ];
  return { bytes: withExports(module, entries), memories, globals };
}

function freePrefix({ exports }: Module): string {
  let prefix = 'wherry.';
  while (exports.some(({ name }) => name.startsWith(prefix))) prefix = `_${prefix}`;
  return prefix;
}

function entry(name: string, kind: number, index: number): number[] {
  const text = new TextEncoder().encode(name);
  return [...unsigned(text.length), ...text, kind, ...unsigned(index)];
}

function withExports(module: Module, entries: readonly number[][]): Uint8Array {
  const { bytes, sections, exports } = module;
  const section = sections.find(({ id }) => id === sectionId.export);
  const own =
    section === undefined ? new Uint8Array() : bytes.subarray(section.start + countSize(section), section.end);
  const added = Uint8Array.from(entries.flat());
  const total = unsigned(exports.length + entries.length);
  const size = unsigned(total.length + own.length + added.length);
  const next = sections.find(({ id }) => after_exports.includes(id));
  const from = section === undefined ? (next === undefined ? bytes.length : next.size_at - 1) : section.size_at - 1;
  const to = section === undefined ? from : section.end;
  return concat([
    bytes.subarray(0, from),
    Uint8Array.from([sectionId.export, ...size, ...total]),
    own,
    added,
    bytes.subarray(to),
  ]);

  /** A count may be written in more bytes than it takes. */
  function countSize({ start }: Section): number {
    let at = start;
    while ((bytes[at]! & 0x80) !== 0) at++;
    return at + 1 - start;
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
