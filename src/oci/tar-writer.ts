import { encodeUtf8 } from './bytes.ts';

/** A file or folder of an archive that is written. */
export interface TarFile {
  /** At most 100 bytes of UTF-8; a folder's ends in `/`. */
  readonly name: string;
  /** Permission bits. */
  readonly mode: number;
  /** Bytes that follow the header; 0 for a folder. */
  readonly size: number;
  /** Seconds since 1970; 0 when left out. */
  readonly mtime?: number;
}

const block_bytes = 512;
/** What eleven octal digits hold. */
const octal_size_max = 8 ** 11 - 1;

/** The header of a file: POSIX ustar, as Go's programs write it; a size past ustar's is told in a pax header before. */
export function tarHeader(file: TarFile): Uint8Array {
  if (file.size <= octal_size_max) return ustar(file, file.name.endsWith('/') ? '5' : '0');
  const record = paxRecord('size', String(file.size));
  const name = `PaxHeaders.0/${file.name}`.slice(0, 100);
  const parts = [
    ustar({ name, mode: 0, size: record.length }, 'x'),
    record,
    tarPadding(record.length),
    ustar({ ...file, size: 0 }, '0'),
  ];
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** What follows a file's bytes so that the next header begins a block. */
export function tarPadding(size: number): Uint8Array {
  return new Uint8Array((block_bytes - (size % block_bytes)) % block_bytes);
}

/** What ends an archive. */
export const tarEnd: Uint8Array = new Uint8Array(2 * block_bytes);

function ustar({ name, mode, size, mtime = 0 }: TarFile, type: '0' | '5' | 'x'): Uint8Array {
  const header = new Uint8Array(block_bytes);
  const text = (value: string, at: number): void => header.set(encodeUtf8(value), at);
  const encoded = encodeUtf8(name);
  if (encoded.length > 100) throw new RangeError(`a name in an archive has ${encoded.length} bytes, more than 100`);
  header.set(encoded, 0);
  text(octal(mode, 7), 100);
  text(octal(0, 7), 108);
  text(octal(0, 7), 116);
  text(octal(size, 11), 124);
  text(octal(mtime, 11), 136);
  text(type, 156);
  text('ustar\u000000', 257);
  text(octal(0, 7), 329);
  text(octal(0, 7), 337);
  header.fill(0x20, 148, 156);
  let sum = 0;
  for (const byte of header) sum += byte;
  text(`${octal(sum, 6)}\0 `, 148);
  return header;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

/** `<length> <key>=<value>\n`, where the length counts itself. */
function paxRecord(key: string, value: string): Uint8Array {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return encodeUtf8(`${length}${rest}`);
}
