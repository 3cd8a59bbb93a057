/** Tars for tests, made by hand so that any of them can be wrong. */

export interface Member {
  readonly name: string | Uint8Array;
  readonly flag?: string;
  readonly data?: string | Uint8Array;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  /** What the header says instead of the length of `data`: a number, or the 12 bytes themselves. */
  readonly size?: number | Uint8Array;
  readonly gnu?: boolean;
  readonly prefix?: string;
  readonly pax?: Readonly<Record<string, string>>;
}

const encoder = new TextEncoder();
const bytesOf = (text: string | Uint8Array): Uint8Array => (typeof text === 'string' ? encoder.encode(text) : text);

/** A tar of these members, with the two zero blocks at its end unless `end` is false. */
export function makeTar(members: readonly Member[], end = true): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const member of members) {
    if (member.pax !== undefined) {
      const records = Object.entries(member.pax).map(([key, value]) => paxRecord(key, value));
      parts.push(...block({ name: 'PaxHeaders/x', flag: 'x', data: concat(records) }));
    }
    parts.push(...block(member));
  }
  if (end) parts.push(new Uint8Array(1024));
  return concat(parts);
}

export function paxRecord(key: string, value: string): Uint8Array {
  const rest = encoder.encode(` ${key}=${value}\n`);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return concat([encoder.encode(String(length)), rest]);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Sets the checksum of the header at `at`. */
export function sign(bytes: Uint8Array, at = 0): void {
  bytes.fill(0x20, at + 148, at + 156);
  const sum = bytes.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
  bytes.set(encoder.encode(`${sum.toString(8).padStart(6, '0')}\0 `), at + 148);
}

function block(member: Member): Uint8Array[] {
  const header = new Uint8Array(512);
  const data = bytesOf(member.data ?? '');
  const octal = (value: number, at: number, length: number): void =>
    header.set(encoder.encode(value.toString(8).padStart(length - 1, '0')), at);
  header.set(bytesOf(member.name).subarray(0, 100), 0);
  octal(member.mode ?? 0o644, 100, 8);
  octal(member.uid ?? 0, 108, 8);
  octal(member.gid ?? 0, 116, 8);
  if (member.size instanceof Uint8Array) header.set(member.size, 124);
  else octal(member.size ?? data.length, 124, 12);
  octal(member.mtime ?? 0, 136, 12);
  header[156] = (member.flag ?? '0').charCodeAt(0);
  header.set(bytesOf(member.link ?? '').subarray(0, 100), 157);
  header.set(encoder.encode(member.gnu === true ? 'ustar  \0' : 'ustar\x0000'), 257);
  header.set(bytesOf(member.prefix ?? ''), 345);
  sign(header);
  return [header, data, new Uint8Array((512 - (data.length % 512)) % 512)];
}
