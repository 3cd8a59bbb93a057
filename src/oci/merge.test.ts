import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  type Digester,
  entryType,
  type LayerIndex,
  LayerError,
  LayerIndexer,
  mergeIndexes,
  openIndex,
} from './index.ts';
import { makeTar, type Member } from './testdata/make-tar.ts';

const digester: Digester = (algorithm) => {
  const hash = createHash(algorithm);
  return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') };
};

interface Step {
  readonly kind: 'file' | 'directory' | 'whiteout' | 'opaque';
  readonly path: readonly string[];
}

/** What extracting layer over layer leaves: for each path what it is and which layer it is from. */
class Model {
  readonly paths: Map<string, { isDirectory: boolean; layer: number }> = new Map();

  apply({ kind, path }: Step, layer: number): void {
    const dirs = kind === 'opaque' ? path : path.slice(0, -1);
    dirs.forEach((_, i) => this.#parent(dirs.slice(0, i + 1).join('/'), layer));
    const name = path.join('/');
    if (kind === 'file') {
      this.#removeBelow(name, layer + 1);
      this.paths.set(name, { isDirectory: false, layer });
    } else if (kind === 'directory') {
      const isDirectory = this.paths.get(name)?.isDirectory === true;
      if (!isDirectory) this.#removeBelow(name, layer + 1);
      this.paths.set(name, { isDirectory: true, layer });
    } else {
      this.#removeBelow(name, layer);
      const isLower = (this.paths.get(name)?.layer ?? layer) < layer;
      if (kind === 'whiteout' && isLower) this.paths.delete(name);
    }
  }

  #parent(name: string, layer: number): void {
    const there = this.paths.get(name);
    if (there === undefined || (!there.isDirectory && there.layer < layer)) {
      this.paths.set(name, { isDirectory: true, layer });
    } else if (there.isDirectory) {
      // It stays as it was, but is now part of this layer, whose own whiteouts do not reach it.
      there.layer = layer;
    }
  }

  #removeBelow(name: string, layer: number): void {
    for (const [path, there] of this.paths) {
      if (path.startsWith(`${name}/`) && there.layer < layer) this.paths.delete(path);
    }
  }
}

function member({ kind, path }: Step): Member {
  const dir = path.slice(0, -1);
  if (kind === 'directory') return { name: path.join('/'), flag: '5' };
  if (kind === 'whiteout') return { name: [...dir, `.wh.${path.at(-1)}`].join('/') };
  if (kind === 'opaque') return { name: [...path, '.wh..wh..opq'].join('/') };
  return { name: path.join('/'), data: path.join('/') };
}

function listing(index: LayerIndex): string[] {
  const found: string[] = [];
  for (let e = 1; e < index.entryCount; e++) {
    const isDirectory = index.type(e) === entryType.directory;
    found.push(`${index.path(e).slice(1)}${isDirectory ? '/' : ` of layer ${index.layer(e)}`}`);
  }
  return found.sort();
}

test('a merged index shows what extracting layer over layer would leave', () => {
  const path = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 3 });
  const kind = fc.constantFrom<Step['kind']>('file', 'file', 'directory', 'whiteout', 'opaque');
  const layers = fc.array(fc.array(fc.record({ kind, path }), { maxLength: 8 }), { minLength: 1, maxLength: 4 });
  let compared = 0;
  fc.assert(
    fc.property(layers, (chain) => {
      const model = new Model();
      const indexes: LayerIndex[] = [];
      for (const [layer, steps] of chain.entries()) {
        const indexer = new LayerIndexer({ digester });
        try {
          indexer.write(makeTar(steps.map(member)));
        } catch (error) {
          // A path through a file of the same layer.
          assert.ok(error instanceof LayerError && error.class === 'InvalidArgument');
          return;
        }
        indexes.push(openIndex(indexer.finish().index));
        for (const step of steps) model.apply(step, layer);
      }
      const expected = [...model.paths].map(([name, { isDirectory, layer }]) =>
        isDirectory ? `${name}/` : `${name} of layer ${layer}`,
      );
      assert.deepEqual(listing(openIndex(mergeIndexes(indexes, digester))), expected.sort());
      compared++;
    }),
    { numRuns: 1500 },
  );
  assert.ok(compared > 500);
});

test('whatever a layer holds, indexing and merging it gives an index or a LayerError', () => {
  const name = fc.array(fc.constantFrom('a', 'b', '..', '.wh.a', '.wh..wh..opq', '.wh.', ''), { maxLength: 4 });
  const step = fc.record({
    name: name.map((names) => names.join('/')),
    flag: fc.constantFrom('0', '1', '2', '5', '6'),
    link: fc.oneof(
      name.map((names) => names.join('/')),
      fc.constantFrom('/a', '../b', 'a/b'),
    ),
  });
  fc.assert(
    fc.property(fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 3 }), (chain) => {
      try {
        const indexes = chain.map((members) => {
          const indexer = new LayerIndexer({ digester });
          indexer.write(makeTar(members));
          return openIndex(indexer.finish().index);
        });
        const index = openIndex(mergeIndexes(indexes, digester));
        for (let e = 0; e < index.entryCount; e++) {
          assert.ok(index.type(e) !== entryType.whiteout && index.type(e) !== entryType.hardlink);
          if (e > 0) assert.equal(index.child(index.parent(e), index.nameBytes(e)), e);
          assert.ok(!index.path(e).includes('.wh.'));
        }
      } catch (error) {
        if (!(error instanceof LayerError)) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});
