import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { createBlockingClock } from './index.ts';
import { preview1_signatures } from './signatures.ts';
import { Guest, scratch } from './testing.ts';

const size = 4 * 65_536;

/** Numbers a guest may pass: small ones (descriptors, flags), places in its memory, and the edges of what there is. */
const number = fc.oneof(
  fc.integer({ min: 0, max: 8 }),
  fc.integer({ min: 0, max: size }),
  fc.constantFrom(-1, scratch, size - 1, size, 0x7fff_ffff, -0x8000_0000),
);
const large = fc.oneof(
  fc.bigInt({ min: 0n, max: 64n }),
  fc.constantFrom(-1n, 0x3fff_ffffn, 0x7fff_ffff_ffff_ffffn, -0x8000_0000_0000_0000n, 0xffff_ffffn),
);

const call = fc
  .constantFrom(...[...preview1_signatures].filter(([name]) => name !== 'proc_exit' && name !== 'proc_raise'))
  .chain(([name, signature]) =>
    fc.tuple(fc.constant(name), fc.tuple(...Array.from(signature, (type) => (type === 'i' ? number : large)))),
  );

test('whatever a guest passes, it gets an errno and never an exception of the host', () => {
  fc.assert(
    fc.property(fc.array(call, { maxLength: 30 }), fc.array(fc.string(), { maxLength: 4 }), (calls, texts) => {
      const guest = new Guest({ clock: { ...createBlockingClock(), wait: () => [] } });
      guest.write('file', 'content');
      guest.files.makeDirectories('/a/b');
      guest.path('path_symlink', '../a', 3, 'a/link');
      for (const [i, text] of ['a/b', 'file', 'a/link', ...texts].entries())
        guest.bytes(i * 8, 8).set(new TextEncoder().encode(text).subarray(0, 8));
      for (const [name, parameters] of calls) {
        const got = guest.call(name, ...parameters);
        // IO is what an exception that nobody foresaw becomes.
        assert.ok(got !== undefined && got !== 'IO', `${name}(${parameters.join()}): ${got}`);
      }
    }),
    { numRuns: 1000 },
  );
});
