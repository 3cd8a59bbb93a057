import { WherryError } from '../errors/index.ts';
import { label_bytes_max, labels_max } from '../limits/index.ts';
import type { Labels } from './model.ts';

/**
 * Labels as they are stored: those without a value are none.
 *
 * @param of whose they are, as containerd names it.
 * @throws WherryError InvalidArgument, in containerd's words, for one that is too long
 */
export function checkLabels(of: string, labels: Labels): Labels {
  const kept: Record<string, string> = {};
  const entries = Object.entries(labels);
  if (entries.length > labels_max)
    throw new WherryError('InvalidArgument', `${of}: more than ${labels_max} labels: invalid argument`);
  for (const [key, value] of entries) {
    const length = Buffer.byteLength(key) + Buffer.byteLength(value);
    if (length > label_bytes_max) {
      throw new WherryError(
        'InvalidArgument',
        `${of}: label key and value length (${length} bytes) greater than maximum size (${label_bytes_max} bytes), ` +
          `key: ${key.slice(0, 64)}: invalid argument`,
      );
    }
    if (value !== '') define(kept, key, value);
  }
  return kept;
}

/** What `path` of a field mask names in the map `field`, as in `labels.<key>`; null when it names something else. */
export function keyOfPath(path: string, field: string): string | null {
  return path.startsWith(`${field}.`) ? path.slice(field.length + 1) : null;
}

/** A map with `key` as `given` has it: without it when it is not there. */
export function withKey<T>(
  map: Readonly<Record<string, T>>,
  key: string,
  given: Readonly<Record<string, T>>,
): Readonly<Record<string, T>> {
  const changed: Record<string, T> = { ...map };
  const value = Object.hasOwn(given, key) ? given[key] : undefined;
  if (value === undefined) delete changed[key];
  else define(changed, key, value);
  return changed;
}

/** A client may name a label `__proto__`. */
function define<T>(map: Record<string, T>, key: string, value: T): void {
  Object.defineProperty(map, key, { value, enumerable: true, configurable: true, writable: true });
}
