import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { core_bytes_max } from '../limits/index.ts';
import { CoreWriter } from './core-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'wherry-core-'));
after(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'core.wasm');

function dump(whole: boolean, ...pieces: string[]): string | null {
  const writer = new CoreWriter(path);
  for (const piece of pieces) writer.add(Buffer.from(piece));
  return writer.end(whole);
}

test('a dump is at its path when it is whole, for its owner alone, and takes the place of an older one', () => {
  assert.equal(dump(true, 'one ', 'and two'), null);
  assert.equal(readFileSync(path, 'utf8'), 'one and two');
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(dump(true, 'later'), null);
  assert.equal(readFileSync(path, 'utf8'), 'later');
});

test('one that was cut short leaves nothing, nor does a guest that sent none', () => {
  assert.equal(dump(true, 'older'), null);
  assert.equal(dump(false, 'half'), null);
  assert.equal(dump(true), null);
  assert.equal(readFileSync(path, 'utf8'), 'older');
  assert.deepEqual(readdirSync(folder), ['core.wasm']);
});

test('what a shim that died left, or somebody laid there, is not written through', () => {
  const other = join(folder, 'other');
  writeFileSync(other, 'kept');
  symlinkSync(other, `${path}.unfinished`);
  assert.equal(dump(true, 'mine'), null);
  assert.equal(readFileSync(path, 'utf8'), 'mine');
  assert.equal(readFileSync(other, 'utf8'), 'kept');
});

test('a place that cannot be written is told of at the end, and more than the bound is a fault', () => {
  const writer = new CoreWriter(join(folder, 'missing', 'core.wasm'));
  writer.add(Buffer.from('x'));
  assert.match(writer.end(true)!, /ENOENT/);
  const large = new CoreWriter(join(folder, 'missing', 'core.wasm'));
  const piece = new Uint8Array(core_bytes_max / 2);
  large.add(piece);
  large.add(piece);
  assert.throws(() => large.add(Buffer.from('x')), /more than \d+ bytes/);
  large.end(false);
  assert.equal(existsSync(join(folder, 'missing')), false);
});
