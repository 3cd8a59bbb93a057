/** Modules put together byte by byte: what no assembler would write, or what would be too large to keep. */

type Bytes = readonly number[] | Uint8Array;

const magic = [0x00, 0x61, 0x73, 0x6d] as const;
const version = [0x01, 0x00, 0x00, 0x00] as const;

/** Ids of sections. */
export const section = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  data_count: 12,
} as const;

/** LEB128 of a number below 2^53. */
export function leb(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  bytes.push(value);
  return bytes;
}

export function join(...parts: readonly Bytes[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** `bytes` so many times, one after the other. */
export function repeat(bytes: Bytes, times: number): Uint8Array {
  const all = new Uint8Array(bytes.length * times);
  for (let i = 0; i < times; i++) all.set(bytes, i * bytes.length);
  return all;
}

export function text(value: string): Uint8Array {
  const bytes = new TextEncoder().encode(value);
  return join(leb(bytes.length), bytes);
}

/** A section with its length before it; `said` is the length that it says it has. */
export function sectionOf(id: number, content: Bytes, said: number = content.length): Uint8Array {
  return join([id], leb(said), content);
}

export function customOf(name: string, content: Bytes): Uint8Array {
  return sectionOf(section.custom, join(text(name), content));
}

/** A function's body; `locals` are already counted groups. */
export function bodyOf(code: Bytes, locals: Bytes = [0]): Uint8Array {
  return join(leb(locals.length + code.length + 1), locals, code, [0x0b]);
}

export function codeOf(...bodies: readonly Uint8Array[]): Uint8Array {
  return sectionOf(section.code, join(leb(bodies.length), ...bodies));
}

export function moduleOf(...sections: readonly Uint8Array[]): Uint8Array {
  return join(magic, version, ...sections);
}

/** The sections of a module whose `_start` is function 0, of no parameters, and does nothing. */
export const plain: Readonly<Record<'type' | 'function' | 'memory' | 'export' | 'code', Uint8Array>> = {
  type: sectionOf(section.type, [1, 0x60, 0, 0]),
  function: sectionOf(section.function, [1, 0]),
  memory: sectionOf(section.memory, [1, 0, 1]),
  export: sectionOf(section.export, join([2], text('memory'), [2, 0], text('_start'), [0, 0])),
  code: codeOf(bodyOf([])),
};

/** That module with one section given instead of its own, or left out when null. */
export function plainBut(changed: Partial<Record<keyof typeof plain, Uint8Array | null>>): Uint8Array {
  const sections = Object.entries({ ...plain, ...changed }).map(([, bytes]) => bytes);
  return moduleOf(...sections.filter((bytes) => bytes !== null));
}
