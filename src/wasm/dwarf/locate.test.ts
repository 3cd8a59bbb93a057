import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { customSections, readModule } from '../index.ts';
import { locate, type SectionSource, type SourceFrame } from './index.ts';

const names = ['average', 'shapes'].flatMap((source) =>
  ['O0-v4', 'O0-v5', 'O2-v4', 'O2-v5'].map((how) => `${source}-${how}`),
);

function sectionsOf(name: string): SectionSource {
  const module = readModule(new Uint8Array(readFileSync(new URL(`testdata/${name}.wasm`, import.meta.url))));
  return (section) => customSections(module, section)[0];
}

/** What llvm-symbolizer said: blocks of an address, then a function and its place for each frame, innermost first. */
function recorded(name: string): { address: number; frames: readonly string[] }[] {
  const text = readFileSync(new URL(`testdata/${name}.symbols.txt`, import.meta.url), 'utf8');
  return text
    .trim()
    .split('\n\n')
    .map((block) => {
      const [address, ...lines] = block.split('\n');
      const frames = lines.flatMap((line, i) => (i % 2 === 0 ? [`${line} ${lines[i + 1]}`] : []));
      return { address: Number(address), frames: frames.filter((frame) => frame !== '?? ??:0:0') };
    });
}

/** It gives the names without the namespaces and classes that they are in. */
function asRecorded({ function: name, file, line, column }: SourceFrame): string {
  return `${name?.replace(/^shapes::(?:Polygon::)?/, '') ?? '??'} ${file ?? '??'}:${line}:${column}`;
}

for (const name of names)
  test(`each address of ${name} is located as llvm-symbolizer does`, () => {
    const expected = recorded(name);
    assert.ok(expected.length > 20);
    const found = locate(
      sectionsOf(name),
      expected.map(({ address }) => address),
    );
    for (const [i, { address, frames }] of expected.entries())
      assert.deepEqual(found[i]!.map(asRecorded), frames, `0x${address.toString(16)}`);
  });

test('functions that were inlined stand before the one that they are in', () => {
  const deepest = recorded('average-O2-v5').find(({ frames }) => frames.length === 3)!;
  const [frames] = locate(sectionsOf('average-O2-v5'), [deepest.address]);
  assert.deepEqual(
    frames!.map(({ function: name, inlined }) => [name, inlined]),
    [
      ['divide', true],
      ['average', true],
      ['report', false],
    ],
  );
});

test('an address of no code, and a module without debug information, have no place', () => {
  assert.deepEqual(locate(sectionsOf('average-O0-v5'), [0, 1, 1_000_000, -5]), [[], [], [], []]);
  assert.deepEqual(
    locate(() => undefined, [5]),
    [[]],
  );
});

test('without a section that names need, the lines stay', () => {
  const whole = sectionsOf('average-O0-v4');
  const [address] = recorded('average-O0-v4').map((each) => each.address);
  const [frames] = locate((section) => (section === '.debug_str' ? undefined : whole(section)), [address!]);
  assert.equal(frames![0]!.function, null);
  assert.ok(frames![0]!.line > 0);
  const [lineless] = locate((section) => (section === '.debug_line' ? undefined : whole(section)), [address!]);
  assert.deepEqual([lineless![0]!.function, lineless![0]!.file, lineless![0]!.line], ['four', null, 0]);
});

test('what takes more steps than are allowed tells nothing, and ends', () => {
  assert.deepEqual(locate(sectionsOf('average-O0-v5'), [10], 5), [[]]);
});
