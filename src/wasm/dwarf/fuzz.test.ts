import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import fc from 'fast-check';

import { debug_inlined_depth_max, debug_name_bytes_max } from '../../limits/index.ts';
import { customSections, readModule } from '../index.ts';
import { locate } from './index.ts';
import { section_names } from './sections.ts';

const seeds = ['average-O0-v4', 'average-O2-v5', 'shapes-O0-v5', 'shapes-O2-v4'].map((name) => {
  const module = readModule(new Uint8Array(readFileSync(new URL(`testdata/${name}.wasm`, import.meta.url))));
  return new Map(
    section_names.flatMap((section) => customSections(module, `.${section}`).map((bytes) => [`.${section}`, bytes])),
  );
});
const addresses = Array.from({ length: 24 }, (_, i) => i * 17);

/** Whatever stands in the sections: an answer for each address, of a bounded size, and nothing thrown. */
function check(sections: ReadonlyMap<string, Uint8Array>): void {
  const found = locate((name) => sections.get(name), addresses, 200_000);
  assert.equal(found.length, addresses.length);
  for (const frames of found) {
    assert.ok(frames.length <= debug_inlined_depth_max);
    for (const { function: name, file } of frames) {
      assert.ok((name?.length ?? 0) <= debug_name_bytes_max);
      assert.ok((file?.length ?? 0) <= 3 * debug_name_bytes_max + 2);
    }
  }
}

const seed = fc.constantFrom(...seeds);
const byte = fc.oneof(fc.constantFrom(0, 1, 2, 5, 0x7f, 0x80, 0xff), fc.nat(255));

test('sections with bytes changed', () => {
  const edits = fc.array(fc.record({ section: fc.nat(), at: fc.nat(), byte }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(seed, edits, (sections, changes) => {
      const changed = new Map([...sections].map(([name, bytes]) => [name, bytes.slice()]));
      for (const edit of changes) {
        const bytes = [...changed.values()][edit.section % changed.size]!;
        bytes[edit.at % bytes.length] = edit.byte;
      }
      check(changed);
    }),
    { numRuns: 6000 },
  );
});

test('sections cut off, swapped for others, or of nothing that was ever written', () => {
  const part = fc.oneof(
    fc.record({ take: fc.constantFrom(...section_names), from: seed, keep: fc.nat(400) }),
    fc.uint8Array({ maxLength: 80 }),
  );
  fc.assert(
    fc.property(seed, fc.constantFrom(...section_names), part, (sections, name, put) => {
      const bytes =
        put instanceof Uint8Array ? put : (put.from.get(`.${put.take}`) ?? new Uint8Array(0)).subarray(0, put.keep);
      check(new Map([...sections, [`.${name}`, bytes]]));
    }),
    { numRuns: 4000 },
  );
});
