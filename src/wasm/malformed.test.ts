import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readModule, WasmError } from './index.ts';
import { moduleOf, name, section } from './testdata/encode.ts';

const aFunctionType = section(1, 1, 0x60, 0, 0);
const huge = [0xff, 0xff, 0xff, 0xff, 0x0f];

const cases: { what: string; bytes: Uint8Array; message: string; offset: number }[] = [
  {
    what: 'a section longer than the file',
    bytes: moduleOf([1, 5, 1]),
    message: 'the module has 1 bytes left where the type section takes 5',
    offset: 10,
  },
  {
    what: 'an unknown section',
    bytes: moduleOf(section(14)),
    message: 'the module has a section of the unknown id 14',
    offset: 8,
  },
  {
    what: 'a section twice',
    bytes: moduleOf(section(5, 0), section(5, 0)),
    message: 'the module has two memory sections',
    offset: 11,
  },
  {
    what: 'sections out of order',
    bytes: moduleOf(section(5, 0), section(3, 0)),
    message: 'the module has its function section after its memory section',
    offset: 11,
  },
  {
    what: 'a tag section after the globals',
    bytes: moduleOf(section(6, 0), section(13, 0)),
    message: 'the module has its tag section after its global section',
    offset: 11,
  },
  {
    what: 'fewer entries than said',
    bytes: moduleOf(section(2, 3, ...name('env'), ...name('m'), 2, 0, 1)),
    message: 'the import section says 3 entries but ends after 1',
    offset: 20,
  },
  {
    what: 'four billion types',
    bytes: moduleOf(section(1, ...huge)),
    message: 'the type section says 4294967295 entries and 1000000 are allowed',
    offset: 10,
  },
  {
    what: 'as many functions as are allowed, and none there',
    bytes: moduleOf(section(3, 0xc0, 0x84, 0x3d)),
    message: 'the function section says 1000000 entries but ends after 0',
    offset: 13,
  },
  {
    what: 'bytes after the last entry',
    bytes: moduleOf(section(5, 1, 0, 1, 7)),
    message: 'the memory section has 1 bytes after its last entry',
    offset: 13,
  },
  {
    what: 'an entry that is cut off',
    bytes: moduleOf(section(5, 1, 1, 1)),
    message: 'the memory section ends where the maximum of a memory should be',
    offset: 13,
  },
  {
    what: 'a number of more than five bytes',
    bytes: moduleOf(section(5, 0x81, 0x80, 0x80, 0x80, 0x80, 0)),
    message: 'the memory section has a number that does not end for 32 bits where the number of its entries should be',
    offset: 10,
  },
  {
    what: 'a number above 32 bits',
    bytes: moduleOf(section(5, 0x80, 0x80, 0x80, 0x80, 0x10)),
    message: 'the memory section has a number too large for 32 bits where the number of its entries should be',
    offset: 10,
  },
  {
    what: 'a 64-bit limit above 64 bits',
    bytes: moduleOf(section(5, 1, 4, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 2)),
    message: 'the memory section has a number too large for 64 bits where the minimum of a memory should be',
    offset: 12,
  },
  {
    what: 'a constant above 32 bits',
    bytes: moduleOf(section(6, 1, 0x7f, 0, 0x41, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x0b)),
    message: 'the global section has a number too large for 32 bits where an i32 should be',
    offset: 14,
  },
  {
    what: 'a constant above 64 bits',
    bytes: moduleOf(section(6, 1, 0x7e, 0, 0x42, ...Array<number>(9).fill(0xff), 0x01, 0x0b)),
    message: 'the global section has a number too large for 64 bits where an i64 should be',
    offset: 14,
  },
  {
    what: 'a heap type above 33 bits',
    bytes: moduleOf(section(1, 1, 0x60, 1, 0x63, 0x80, 0x80, 0x80, 0x80, 0x20, 0)),
    message: 'the type section has a number too large for 33 bits where a heap type should be',
    offset: 14,
  },
  {
    what: 'a name longer than its section',
    bytes: moduleOf(section(2, 1, 50, 0x61)),
    message: 'the import section has 1 bytes left where the module of an import takes 50',
    offset: 12,
  },
  {
    what: 'a name that is not UTF-8',
    bytes: moduleOf(section(2, 1, 1, 0xff, 0, 0, 0)),
    message: 'the import section has the module of an import that is not UTF-8',
    offset: 12,
  },
  {
    what: 'a type of an unknown form',
    bytes: moduleOf(section(1, 1, 0x40)),
    message: 'the type section has 0x40 where the form of a type should be',
    offset: 11,
  },
  {
    what: 'a value of an unknown type',
    bytes: moduleOf(section(1, 1, 0x60, 1, 0x40, 0)),
    message: 'the type section has 0x40 where a value type should be',
    offset: 13,
  },
  {
    what: 'an import of an unknown kind',
    bytes: moduleOf(section(2, 1, 0, 0, 5)),
    message: 'the import section has 0x5 where a kind should be',
    offset: 13,
  },
  {
    what: 'a function of a type that is not there',
    bytes: moduleOf(aFunctionType, section(3, 1, 1)),
    message: "the function section says type 1 is a function's, and the type section has no such type",
    offset: 17,
  },
  {
    what: 'an export of what is not there',
    bytes: moduleOf(section(7, 1, ...name('memory'), 2, 0)),
    message: 'the export section names memory 0 of a module that has 0',
    offset: 19,
  },
  {
    what: 'a start function that is not there',
    bytes: moduleOf(section(8, 0)),
    message: 'the start section names function 0 of a module that has 0',
    offset: 10,
  },
  {
    what: 'limits with unknown flags',
    bytes: moduleOf(section(5, 1, 0x10, 1)),
    message: 'the memory section has a memory with the limits flags 0x10',
    offset: 11,
  },
  {
    what: 'a minimum above the maximum',
    bytes: moduleOf(section(4, 1, 0x70, 1, 3, 2)),
    message: 'the table section has a table with the minimum 3 above its maximum 2',
    offset: 12,
  },
  {
    what: 'a shared memory that may grow for ever',
    bytes: moduleOf(section(5, 1, 2, 1)),
    message: 'the memory section has a shared memory without a maximum',
    offset: 11,
  },
  {
    what: 'a constant that calls',
    bytes: moduleOf(section(6, 1, 0x7f, 0, 0x10, 0, 0x0b)),
    message: 'the global section has an instruction 0x10 that a constant cannot have',
    offset: 13,
  },
  {
    what: 'a constant that does not end',
    bytes: moduleOf(section(6, 1, 0x7f, 0, 0x41, 0)),
    message: 'the global section ends where a constant expression should be',
    offset: 15,
  },
  {
    what: 'functions without bodies',
    bytes: moduleOf(aFunctionType, section(3, 1, 0)),
    message: 'the code section has 0 function bodies for 1 declared functions',
    offset: 18,
  },
  {
    what: 'a data segment longer than its section',
    bytes: moduleOf(section(11, 1, 1, ...huge)),
    message: 'the data section has 0 bytes left where a data segment takes 4294967295',
    offset: 17,
  },
  {
    what: 'a data count that is not the number of segments',
    bytes: moduleOf(section(12, 2), section(11, 1, 1, 0)),
    message: 'the data count section says 2 data segments and there are 1',
    offset: 10,
  },
];

for (const { what, bytes, message, offset } of cases) {
  test(`${what}: an error with its place, and the engine agrees`, () => {
    assert.throws(
      () => readModule(bytes),
      (error) => {
        assert.ok(error instanceof WasmError);
        assert.equal(error.class, 'InvalidArgument');
        assert.equal(error.message, `Cannot read the module: ${message}, at byte 0x${offset.toString(16)}`);
        assert.equal(error.offset, offset);
        return true;
      },
    );
    assert.equal(WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>), false);
  });
}
