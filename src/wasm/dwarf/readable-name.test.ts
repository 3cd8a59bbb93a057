import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readableName, withoutHash } from './index.ts';

test("paths of Rust's old mangling and of C++ are read", () => {
  const names: Readonly<Record<string, string | null>> = {
    _ZN4core9panicking5panic17h0123456789abcdefE: 'core::panicking::panic',
    '_ZN63_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..clone..Clone$GT$5clone17h0123456789abcdefE':
      '<alloc::vec::Vec<T> as core::clone::Clone>::clone',
    _ZNK6shapes7Polygon5angleEv: 'shapes::Polygon::angle',
    _ZN1a3getEPKNS_1SE: 'a::get',
    _ZN6shapes7measureINS_7PolygonEEEiRKT_: null,
    _RNvCs1234_7mycrate3foo: null,
    main: null,
    _ZN99xE: null,
    _ZN0E: null,
    _ZNE: null,
    _ZN7$u99999999$E: null,
  };
  for (const [linkage, name] of Object.entries(names)) assert.equal(readableName(linkage), name, linkage);
});

test('a hash behind a path is left out', () => {
  assert.equal(withoutHash('core::option::unwrap_failed::h0123456789abcdef'), 'core::option::unwrap_failed');
  assert.equal(withoutHash('shapes::h01'), 'shapes::h01');
});
