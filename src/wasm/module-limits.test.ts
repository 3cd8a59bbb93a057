import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  function_values_max,
  module_entries_max,
  module_functions_max,
  structure_fields_max,
} from '../limits/index.ts';
import { readModule } from './index.ts';
import { moduleOf, section } from './testdata/encode.ts';

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

/** Sections that say how many entries come, and then end: what says too many is refused before the first is read. */
const cases: readonly { what: string; most: number; begin(count: number): readonly number[] }[] = [
  { what: 'types', most: module_functions_max, begin: (count) => section(1, ...leb(count)) },
  { what: 'functions', most: module_functions_max, begin: (count) => section(3, ...leb(count)) },
  { what: 'parameters', most: function_values_max, begin: (count) => section(1, 1, 0x60, ...leb(count)) },
  { what: 'results', most: function_values_max, begin: (count) => section(1, 1, 0x60, 0, ...leb(count)) },
  { what: 'fields', most: structure_fields_max, begin: (count) => section(1, 1, 0x5f, ...leb(count)) },
  { what: 'imports', most: module_entries_max, begin: (count) => section(2, ...leb(count)) },
  { what: 'tables', most: module_entries_max, begin: (count) => section(4, ...leb(count)) },
  { what: 'memories', most: module_entries_max, begin: (count) => section(5, ...leb(count)) },
  { what: 'globals', most: module_entries_max, begin: (count) => section(6, ...leb(count)) },
  { what: 'exports', most: module_entries_max, begin: (count) => section(7, ...leb(count)) },
];

for (const { what, most, begin } of cases)
  test(`${what}: ${most} may be said, and not one more`, () => {
    assert.throws(() => readModule(moduleOf([...begin(most)])), /ends after 0/);
    assert.throws(
      () => readModule(moduleOf([...begin(most + 1)])),
      new RegExp(`says ${most + 1} entries and ${most} are allowed`),
    );
  });
