/** How a blob is compressed, told from its first bytes (6 are enough): media types and file names lie. */
export type Compression = 'none' | 'gzip' | 'zstd' | 'bzip2' | 'xz';

const magics: readonly (readonly [Exclude<Compression, 'none'>, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
];

/**
 * The compression of a stream that starts with `first`. A zstd stream may also start with a skippable frame. Only
 * gzip and zstd can be expanded; bzip2 and xz are recognised so that an error can name them.
 */
export function compressionOf(first: Uint8Array): Compression {
  for (const [name, magic] of magics) if (magic.every((byte, i) => first[i] === byte)) return name;
  const isSkippable = (first[0]! & 0xf0) === 0x50 && first[1] === 0x2a && first[2] === 0x4d && first[3] === 0x18;
  return isSkippable ? 'zstd' : 'none';
}

/** Whether bytes start as a WebAssembly module or component does. */
export function isWasm(first: Uint8Array): boolean {
  return first[0] === 0x00 && first[1] === 0x61 && first[2] === 0x73 && first[3] === 0x6d;
}
