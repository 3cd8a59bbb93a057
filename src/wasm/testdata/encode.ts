/** Small modules for tests, written byte by byte. */

const preamble = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** A module of sections, each as `section` makes it. */
export function moduleOf(...sections: number[][]): Uint8Array {
  return Uint8Array.from([...preamble, ...sections.flat()]);
}

/** A section of fewer than 128 bytes. */
export function section(id: number, ...content: number[]): number[] {
  return [id, content.length, ...content];
}

/** A name of fewer than 128 bytes. */
export function name(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [bytes.length, ...bytes];
}

/**
 * A module of the types and constants of garbage collection: types 0 and 1 are structures that name each other, 2 is an
 * array, 3 a function.
 */
export function garbageCollected(): Uint8Array {
  // (rec (type (sub (struct (mut i8) (ref null 1)))) (type (sub final 0 (struct (mut i8) (ref null 1) (mut i32)))))
  const group = [0x4e, 2, 0x50, 0, 0x5f, 2, 0x78, 1, 0x63, 1, 0, 0x4f, 1, 0, 0x5f, 3, 0x78, 1, 0x63, 1, 0, 0x7f, 1];
  const array = [0x5e, 0x7f, 0];
  const func = [0x60, 3, 0x64, 2, 0x6e, 0x63, 0x70, 1, 0x7b];
  // A global that is an array of two numbers, and one that is an i31.
  const globals = [0x64, 2, 0, 0x41, 1, 0x41, 2, 0xfb, 8, 2, 2, 0x0b, 0x63, 0x6c, 0, 0x41, 7, 0xfb, 0x1c, 0x0b];
  return moduleOf(
    section(1, 3, ...group, ...array, ...func),
    section(3, 1, 3),
    // A table whose entries begin as a constant.
    section(4, 1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b),
    section(6, 2, ...globals),
    section(10, 1, 20, 0, 0xfd, 0x0c, ...Array<number>(16).fill(0), 0x0b),
  );
}
