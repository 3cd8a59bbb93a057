import { sectionId } from './sections.ts';
import type { Module } from './types.ts';

/** Where the code of a module stands, in the module and in what `limitModule` made of it. */
export interface CodePlacement {
  /** Where the content of its code section begins, in bytes from the module's start: DWARF counts from there. */
  readonly start: number;
  /** By how much all its code stands later in what was compiled. */
  readonly moved_bytes: number;
  /** The size of its debug information. */
  readonly debug_bytes: number;
}

/** The placement of a module that was compiled as `compiled_bytes` bytes. What is limited stands before the code. */
export function codePlacement(module: Module, compiled_bytes: number): CodePlacement {
  let start = 0;
  let debug_bytes = 0;
  for (const section of module.sections) {
    if (section.id === sectionId.code) start = section.start;
    if (section.id === sectionId.custom && section.name.startsWith('.debug_'))
      debug_bytes += section.end - section.start;
  }
  return { start, moved_bytes: compiled_bytes - module.bytes.length, debug_bytes };
}
