import { WherryError } from '../errors/index.ts';
import { parseTime } from './time.ts';

/** The `filters` of a request: values by key, in the order they came. */
export type Filters = ReadonlyMap<string, readonly string[]>;

/**
 * Reads the `filters` parameter, `{"key":["value"]}` or the older `{"key":{"value":true}}`.
 *
 * @throws WherryError InvalidArgument `invalid filter`
 */
export function parseFilters(text: string | null | undefined): Filters {
  const filters = new Map<string, readonly string[]>();
  if (text === null || text === undefined || text === '') return filters;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new WherryError('InvalidArgument', 'invalid filter', { cause });
  }
  if (typeof document !== 'object' || document === null || Array.isArray(document)) throw invalid();
  for (const [key, value] of Object.entries(document)) filters.set(key, valuesOf(value));
  return filters;
}

function valuesOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) {
    if (value.every((each) => typeof each === 'string')) return value;
  } else if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.every(([, on]) => typeof on === 'boolean'))
      return entries.flatMap(([each, on]) => (on === true ? [each] : []));
  }
  throw invalid();
}

function invalid(): WherryError<'InvalidArgument'> {
  return new WherryError('InvalidArgument', 'invalid filter');
}

/** @throws WherryError InvalidArgument for a key that is not among `known` */
export function checkFilters(filters: Filters, known: readonly string[]): void {
  for (const key of filters.keys()) {
    if (!known.includes(key)) throw new WherryError('InvalidArgument', `invalid filter '${key}'`);
  }
}

/**
 * A filter that is true or false; `otherwise` when it is not there.
 *
 * @throws WherryError InvalidArgument for another value, or both
 */
export function booleanFilter(filters: Filters, key: string, otherwise: boolean): boolean {
  const values = filters.get(key);
  if (values === undefined || values.length === 0) return otherwise;
  const isTrue = values.some((value) => value === '1' || value === 'true');
  const isFalse = values.some((value) => value === '0' || value === 'false');
  if (isTrue === isFalse) {
    throw new WherryError('InvalidArgument', `invalid filter '${key}=[${values.join(' ')}]'`);
  }
  return isTrue;
}

/** Whether labels hold all of `label` (`key` or `key=value`) and none of `label!`. */
export function matchesLabels(filters: Filters, labels: Readonly<Record<string, string>>): boolean {
  const has = (wanted: string): boolean => {
    const at = wanted.indexOf('=');
    const key = at < 0 ? wanted : wanted.slice(0, at);
    if (!Object.hasOwn(labels, key)) return false;
    return at < 0 || labels[key] === wanted.slice(at + 1);
  };
  return (filters.get('label') ?? []).every(has) && !(filters.get('label!') ?? []).some(has);
}

/**
 * The time of an `until` filter, null when there is none. What was created after it is left alone.
 *
 * @throws WherryError InvalidArgument
 */
export function untilFilter(filters: Filters, now: Date = new Date()): Date | null {
  const values = filters.get('until') ?? [];
  if (values.length === 0) return null;
  if (values.length > 1) throw new WherryError('InvalidArgument', 'more than one until filter specified');
  return parseTime(values[0]!, now);
}

/** Whether a name fits any of the values, as text or as a regular expression; no values fit everything. */
export function matchesPattern(values: readonly string[] | undefined, name: string): boolean {
  if (values === undefined || values.length === 0) return true;
  return values.some((value) => value === name || matchesExpression(value, name));
}

function matchesExpression(expression: string, name: string): boolean {
  try {
    // Names are short, and whoever may send this may do more harm than a slow expression does.
    return new RegExp(expression).test(name);
  } catch {
    return false;
  }
}
