import type { Any } from '../model.ts';
import type { AnyRow } from './rows.ts';

/** An Any as a row has it. */
export function packAny({ type_url, value }: Any): AnyRow {
  return { type_url, value: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64') };
}

export function unpackAny({ type_url, value }: AnyRow): Any {
  return { type_url, value: Buffer.from(value, 'base64') };
}

/** The same for a map of them. */
export function packAnys(map: Readonly<Record<string, Any>>): Readonly<Record<string, AnyRow>> {
  return Object.fromEntries(Object.entries(map).map(([name, any]) => [name, packAny(any)]));
}

export function unpackAnys(map: Readonly<Record<string, AnyRow>>): Readonly<Record<string, Any>> {
  return Object.fromEntries(Object.entries(map).map(([name, any]) => [name, unpackAny(any)]));
}
