import { Cursor } from './cursor.ts';
import { WasmError } from './error.ts';
import { customSections } from './module.ts';
import type { Module } from './types.ts';

const moduleSubsection = 0;
const functionSubsection = 1;

/** The name that the module gives itself in its name section (core spec, appendix, 7.4), if it does. */
export function moduleName(module: Module): string | undefined {
  return fromNames(module, moduleSubsection, (cursor) => cursor.name('the name of the module'));
}

/**
 * The name of the function at `index`, imports counted first, as the name section has it, else as it is exported, else
 * as it is imported. Nothing is kept: each call searches the section. A name section that cannot be read has no names,
 * as the specification wants it of custom sections.
 */
export function functionName(module: Module, index: number): string | undefined {
  const named = fromNames(module, functionSubsection, (cursor) => {
    const count = cursor.u32('the number of names');
    for (let i = 0; i < count; i++) {
      // Indices ascend, so the search ends with the first that is larger.
      const at = cursor.u32('the index of a function');
      if (at === index) return cursor.name('the name of a function');
      if (at > index) return undefined;
      cursor.skip(cursor.u32('the length of a name'), 'a name');
    }
    return undefined;
  });
  return named ?? exportedName(module, index) ?? importedName(module, index);
}

function exportedName(module: Module, index: number): string | undefined {
  return module.exports.find((entry) => entry.kind === 'function' && entry.index === index)?.name;
}

function importedName(module: Module, index: number): string | undefined {
  if (index >= module.functions_imported) return undefined;
  const entry = module.imports.filter(({ type }) => type.kind === 'function')[index];
  return entry && `${entry.module}.${entry.name}`;
}

/** Finds the subsection `id` of the name section and lets `read` look for a name in it. */
function fromNames(module: Module, id: number, read: (cursor: Cursor) => string | undefined): string | undefined {
  const content = customSections(module, 'name')[0];
  if (!content) return undefined;
  const cursor = new Cursor(content, 0, content.length, 'the name section');
  try {
    while (cursor.left > 0) {
      const found = cursor.u8('the id of a subsection');
      const size = cursor.u32('the size of a subsection');
      const start = cursor.skip(size, 'a subsection');
      if (found === id) return read(new Cursor(content, start, cursor.at, 'the name section'));
    }
  } catch (error) {
    if (!(error instanceof WasmError)) throw error;
  }
  return undefined;
}
