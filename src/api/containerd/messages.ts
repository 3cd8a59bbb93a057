import { timestampDate, timestampFromDate } from '@bufbuild/protobuf/wkt';
import type { Timestamp } from '@bufbuild/protobuf/wkt';

import type { Any, Fields } from '../../core/index.ts';
import { fieldOfMap, parseFilters } from '../../core/index.ts';
import { fromUnknown, isClass, WherryError } from '../../errors/index.ts';
import { field_paths_max } from '../../limits/index.ts';
import type { Descriptor } from '../../oci/index.ts';

/** A typed payload as it is on the wire. */
export interface WireAny {
  readonly typeUrl: string;
  readonly value: Uint8Array<ArrayBuffer>;
}

/** Puts core's typed payload on the wire. */
export function toWireAny({ type_url, value }: Any): WireAny {
  return { typeUrl: type_url, value: new Uint8Array(value) };
}

/** Takes a typed payload from the wire; null for none. */
export function fromWireAny(any: (Pick<WireAny, 'typeUrl'> & { readonly value: Uint8Array }) | undefined): Any | null {
  return any === undefined ? null : { type_url: any.typeUrl, value: any.value };
}

/** The same for a map of them. */
export function toWireAnys(map: Readonly<Record<string, Any>>): Record<string, WireAny> {
  return Object.fromEntries(Object.entries(map).map(([name, any]) => [name, toWireAny(any)]));
}

export function fromWireAnys(
  map: Readonly<Record<string, { readonly typeUrl: string; readonly value: Uint8Array }>>,
): Record<string, Any> {
  return Object.fromEntries(
    Object.entries(map).map(([name, { typeUrl, value }]) => [name, { type_url: typeUrl, value }]),
  );
}

export function toTimestamp(date: Date): Timestamp {
  return timestampFromDate(date);
}

/** A time from the wire; undefined for none, and for what is no time. */
export function fromTimestamp(timestamp: Timestamp | undefined): Date | undefined {
  if (timestamp === undefined) return undefined;
  const date = timestampDate(timestamp);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** A number of bytes from the wire. */
export function fromSize(size: bigint): number {
  if (size > BigInt(Number.MAX_SAFE_INTEGER))
    throw new WherryError('InvalidArgument', `the size ${size} is more than can be stored: invalid argument`);
  return Number(size);
}

export interface WireDescriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: bigint;
  readonly annotations: Readonly<Record<string, string>>;
}

export function toWireDescriptor({ mediaType, digest, size, annotations = {} }: Descriptor): {
  mediaType: string;
  digest: string;
  size: bigint;
  annotations: Record<string, string>;
} {
  return { mediaType, digest, size: BigInt(size), annotations: { ...annotations } };
}

/** A descriptor from the wire, not yet checked; one that is missing is empty. */
export function fromWireDescriptor(descriptor: WireDescriptor | undefined): Descriptor {
  if (descriptor === undefined) return { mediaType: '', digest: '', size: 0 };
  const { mediaType, digest, size, annotations } = descriptor;
  const has_annotations = Object.keys(annotations).length > 0;
  return { mediaType, digest, size: fromSize(size), ...(has_annotations ? { annotations } : {}) };
}

/** The paths of a field mask; none for no mask. */
export function pathsOf(mask: { readonly paths: readonly string[] } | undefined): readonly string[] {
  const paths = mask?.paths ?? [];
  if (paths.length > field_paths_max)
    throw new WherryError('InvalidArgument', `a field mask has more than ${field_paths_max} paths: invalid argument`);
  return paths;
}

/**
 * What of `objects` the filters ask for. Containerd's stores of objects wrap what is wrong with a filter once more.
 *
 * @param fieldsOf gives the fields that a filter may ask for.
 */
export function filtered<T>(
  objects: readonly T[],
  filters: readonly string[],
  fieldsOf: (object: T) => Fields,
): readonly T[] {
  try {
    const isWanted = parseFilters(filters);
    return objects.filter((object) => isWanted(fieldsOf(object)));
  } catch (thrown) {
    if (!isClass(thrown, 'InvalidArgument')) throw thrown;
    throw new WherryError('InvalidArgument', `${fromUnknown(thrown).message}: invalid argument`, { cause: thrown });
  }
}

/** A field that is there when it is not empty. */
export function present(text: string): string | undefined {
  return text === '' ? undefined : text;
}

/** The fields of an object that has a map of labels, and others by name. */
export function fieldsWithLabels(
  labels: Readonly<Record<string, string>>,
  others: Readonly<Record<string, string>>,
): Fields {
  return (path) => {
    const [first = '', ...rest] = path;
    if (first === 'labels') return fieldOfMap(rest, labels);
    const name = path.join('.');
    return Object.hasOwn(others, name) ? present(others[name] ?? '') : undefined;
  };
}

/** The part of a request that a client must not leave out. */
export function required<T>(part: T | undefined, name: string): T {
  if (part === undefined) throw new WherryError('InvalidArgument', `${name} must be set: invalid argument`);
  return part;
}
