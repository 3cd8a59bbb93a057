/** How many bytes `detect` looks at. */
export const preamble_bytes: number = 8;

/**
 * What a file is by its first 8 bytes: a module (version 1), a component (version 0x0d, layer 1, of the component
 * model's binary format), or null for anything else, other versions of the two among them.
 */
export function detect(bytes: Uint8Array): 'module' | 'component' | null {
  if (!hasMagic(bytes) || bytes.length < preamble_bytes) return null;
  const word = new DataView(bytes.buffer, bytes.byteOffset, preamble_bytes).getUint32(4, true);
  if (word === 1) return 'module';
  return word === 0x1_000d ? 'component' : null;
}

/** Whether the bytes begin as every WebAssembly binary does, whatever comes after. */
export function hasMagic(bytes: Uint8Array): boolean {
  return bytes[0] === 0 && bytes[1] === 0x61 && bytes[2] === 0x73 && bytes[3] === 0x6d;
}
