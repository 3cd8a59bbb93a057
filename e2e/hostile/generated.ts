/** The guests that are made when they are needed: malformed modules, and those that are too large to keep. */
import {
  bodyOf,
  codeOf,
  customOf,
  join,
  leb,
  moduleOf,
  plain,
  plainBut,
  repeat,
  section,
  sectionOf,
  text,
} from './module-builder.ts';

const nop = 0x01;
const whole = moduleOf(...Object.values(plain));

/** How V8 bounds one function, and how many functions it takes. */
const function_bytes_max = 7_654_321;
const functions_max = 1_000_000;

/** A function of `bytes` bytes that does nothing, as the only one. */
function oneFunction(bytes: number): Uint8Array {
  return plainBut({ code: codeOf(bodyOf(new Uint8Array(bytes).fill(nop))) });
}

function functions(count: number, body: Uint8Array): Uint8Array {
  return plainBut({
    function: sectionOf(section.function, join(leb(count), new Uint8Array(count))),
    code: sectionOf(section.code, join(leb(count), repeat(body, count))),
  });
}

/** Functions whose names are in the name section, the first `name`. */
function named(names: readonly (readonly [number, string])[], count: number = names.length): Uint8Array {
  const entries = join(leb(count), ...names.map(([index, name]) => join(leb(index), text(name))));
  return customOf('name', join([1], leb(entries.length), entries));
}

/** A type `(array (mut i64))`, and `_start` that makes arrays of 2^20 of them and keeps each in the next. */
function arraysWithoutEnd(): Uint8Array {
  const array_type = [0x5e, 0x7e, 0x01];
  const chain_type = [0x5f, 2, 0x63, 1, 0x01, 0x63, 0, 0x01];
  const function_type = [0x60, 0, 0];
  const recursive = join([0x4e, 3], array_type, chain_type, function_type);
  // (loop (local.set 0 (struct.new 1 (local.get 0) (array.new_default 0 (i32.const 1048576)))) (br 0))
  const code = [
    0x03, 0x40, 0x20, 0, 0x41, 0x80, 0x80, 0xc0, 0x00, 0xfb, 0x07, 0, 0xfb, 0x00, 1, 0x21, 0, 0x0c, 0, 0x0b,
  ];
  return plainBut({
    type: sectionOf(section.type, join([1], recursive)),
    function: sectionOf(section.function, [1, 2]),
    code: codeOf(bodyOf(code, [1, 1, 0x63, 1])),
  });
}

/** (array.new_default 0 (i32.const -1)): one array of 2^32 - 1 numbers of 64 bits. */
function oneArray(): Uint8Array {
  return plainBut({
    type: sectionOf(section.type, [2, 0x5e, 0x7e, 0x01, 0x60, 0, 0]),
    function: sectionOf(section.function, [1, 1]),
    code: codeOf(bodyOf([0x41, 0x7f, 0xfb, 0x07, 0, 0x1a])),
  });
}

function memories(count: number): Uint8Array {
  return plainBut({ memory: sectionOf(section.memory, join(leb(count), repeat([0, 0], count))) });
}

/** So many imports of one function. */
function imports(count: number): Uint8Array {
  const one = join(text('wasi_snapshot_preview1'), text('sched_yield'), [0, 1]);
  return moduleOf(
    sectionOf(section.type, [2, 0x60, 0, 0, 0x60, 0, 1, 0x7f]),
    sectionOf(section.import, join(leb(count), repeat(one, count))),
    plain.function,
    plain.memory,
    sectionOf(section.export, join([2], text('memory'), [2, 0], text('_start'), [0], leb(count))),
    plain.code,
  );
}

function bytesOf(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

/** What the names of the generated guests stand for; each is made anew. */
export const generated: Readonly<Record<string, () => Uint8Array>> = {
  'huge-function': () => oneFunction(7_000_000),
  'too-huge-function': () => oneFunction(function_bytes_max + 1),
  'huge-module': () => functions(500, bodyOf(new Uint8Array(100_000).fill(nop))),
  'huge-custom-section': () => join(whole, customOf('padding', new Uint8Array(50_000_000))),
  'million-functions': () => functions(functions_max, bodyOf([])),
  'too-many-functions': () => functions(functions_max + 1, bodyOf([])),
  'deep-blocks': () => oneNested(100_000),
  'many-locals': () => plainBut({ code: codeOf(bodyOf([], join([1], leb(50_000), [0x7e]))) }),
  'too-many-locals': () => plainBut({ code: codeOf(bodyOf([], join([1], leb(4_294_967_295), [0x7e]))) }),
  'huge-branch-table': () =>
    plainBut({ code: codeOf(bodyOf(join([0x41, 0, 0x0e], leb(65_000), new Uint8Array(65_001)))) }),
  'many-types': () => plainBut({ type: sectionOf(section.type, join(leb(100_000), repeat([0x60, 0, 0], 100_000))) }),
  'many-imports': () => imports(20_000),
  'gc-arrays': arraysWithoutEnd,
  'gc-one-array': oneArray,
  'many-memories': () => memories(16_384),

  empty: () => new Uint8Array(0),
  'header-cut': () => whole.subarray(0, 5),
  'header-only': () => moduleOf(),
  'cut-in-half': () => whole.subarray(0, whole.length / 2),
  'cut-at-last-byte': () => whole.subarray(0, -1),
  'wrong-magic': () => join([0, 0x61, 0x73, 0x6e], whole.subarray(4)),
  'wrong-version': () => join(whole.subarray(0, 4), [2, 0, 0, 0], whole.subarray(8)),
  component: () => join(whole.subarray(0, 4), [0x0d, 0, 1, 0]),
  elf: () => join([0x7f], bytesOf('ELF'), [2, 1, 1, 0], new Uint8Array(200)),
  script: () => bytesOf('#!/bin/sh\ntouch /tmp/escaped\n'),
  'section-too-long': () => plainBut({ code: sectionOf(section.code, [1, 2, 0, 0x0b], 4_000_000_000) }),
  'section-too-short': () => plainBut({ code: sectionOf(section.code, [1, 2, 0, 0x0b], 2) }),
  'section-twice': () => plainBut({ memory: join(plain.memory, plain.memory) }),
  'section-order': () => moduleOf(plain.code, plain.export, plain.memory, plain.function, plain.type),
  'section-unknown': () => join(whole, sectionOf(99, [1, 2, 3])),
  'number-too-long': () =>
    plainBut({ type: join([section.type], [0x84, 0x80, 0x80, 0x80, 0x80, 0x00], [1, 0x60, 0, 0]) }),
  'types-without-end': () => plainBut({ type: sectionOf(section.type, leb(4_294_967_295)) }),
  'functions-without-code': () => plainBut({ code: null }),
  'code-without-functions': () => plainBut({ function: null }),
  'type-unknown': () => plainBut({ function: sectionOf(section.function, [1, 77]) }),
  'body-too-long': () => plainBut({ code: sectionOf(section.code, join([1], leb(4_294_967_295), [0, 0x0b])) }),
  'body-ill-typed': () => plainBut({ code: codeOf(bodyOf([0x42, 0, 0x45])) }),
  'body-unknown-opcode': () => plainBut({ code: codeOf(bodyOf([0xff, 0xff])) }),
  'export-twice': () =>
    plainBut({ export: sectionOf(section.export, join([2], text('_start'), [0, 0], text('_start'), [0, 0])) }),
  'export-of-nothing': () => plainBut({ export: sectionOf(section.export, join([1], text('_start'), [0, 9])) }),
  'export-name-no-utf8': () =>
    plainBut({ export: sectionOf(section.export, join([2], text('_start'), [0, 0], [2, 0xc3, 0x28, 0, 0])) }),
  'export-prototype': () =>
    plainBut({ export: sectionOf(section.export, join([2], text('__proto__'), [0, 0], text('_start'), [0, 0])) }),
  'start-unknown': () => join(plainBut({ code: null }), sectionOf(section.start, [9]), plain.code),
  'data-count-lies': () => plainBut({ code: join(sectionOf(section.data_count, [5]), plain.code) }),
  'limits-upside-down': () => plainBut({ memory: sectionOf(section.memory, [1, 1, 5, 2]) }),
  'memory-over-4-gib': () => plainBut({ memory: sectionOf(section.memory, join([1, 0], leb(65_537))) }),
  'memory-page-size': () => plainBut({ memory: sectionOf(section.memory, [1, 8, 1, 77]) }),

  'names-steer-terminals': () =>
    join(plainBut({ code: codeOf(bodyOf([0x00])) }), named([[0, '\u001B[2J\u001B]0;owned\u0007\r\n\u202Ename']])),
  'names-endless': () => join(plainBut({ code: codeOf(bodyOf([0x00])) }), named([[0, 'n'.repeat(90_000)]])),
  'names-lie': () =>
    join(
      whole,
      named(
        [
          [4_000_000_000, 'x'],
          [0, 'y'],
        ],
        4_000_000_000,
      ),
    ),
  'names-nonsense': () => join(whole, customOf('name', [1, 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 2, 3])),
  'names-like-frames': () =>
    join(
      plainBut({ code: codeOf(bodyOf([0x00])) }),
      named([[0, 'f (wasm://wasm/x:wasm-function[1]:0x1)\n    at host (file:///etc/passwd:1:1)']]),
    ),
};

function oneNested(depth: number): Uint8Array {
  return plainBut({ code: codeOf(bodyOf(join(repeat([0x02, 0x40], depth), new Uint8Array(depth).fill(0x0b)))) });
}
