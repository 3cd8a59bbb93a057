/** One line that `linesModule` prints. */
export const line: string = 'a line of 64 bytes, one as the other, printed until they are all\n';

const lines_per_write = 100;

/** A module that prints `line` so many times, a hundred with each write, and ends with 0. */
export function linesModule(lines: number): Uint8Array {
  const text = Buffer.from(line.repeat(lines_per_write));
  const vector = Buffer.alloc(16);
  vector.writeUInt32LE(16, 0);
  vector.writeUInt32LE(text.length, 4);
  // fd_write(1, 0, 1, 8), its answer dropped, until local 0 has counted all writes.
  const call = [0x41, 1, 0x41, 0, 0x41, 1, 0x41, 8, 0x10, 0, 0x1a];
  const again = [0x20, 0, 0x41, 1, 0x6a, 0x22, 0, 0x41, ...number(Math.ceil(lines / lines_per_write)), 0x49, 0x0d, 0];
  const body = [1, 1, 0x7f, 0x03, 0x40, ...call, ...again, 0x0b, 0x0b];
  return Buffer.from([
    0,
    0x61,
    0x73,
    0x6d,
    1,
    0,
    0,
    0,
    ...section(1, [2, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f, 0x60, 0, 0]),
    ...section(2, [1, ...name('wasi_snapshot_preview1'), ...name('fd_write'), 0, 0]),
    ...section(3, [1, 1]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...name('memory'), 2, 0, ...name('_start'), 0, 1]),
    ...section(10, [1, ...number(body.length), ...body]),
    ...section(11, [1, 0, 0x41, 0, 0x0b, ...number(16 + text.length), ...vector, ...text]),
  ]);
}

/** LEB128, with room left for the sign. */
function number(value: number): number[] {
  const bytes: number[] = [];
  for (; value >= 0x40; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

function name(text: string): number[] {
  return [text.length, ...Buffer.from(text)];
}

function section(id: number, bytes: readonly number[]): number[] {
  return [id, ...number(bytes.length), ...bytes];
}
