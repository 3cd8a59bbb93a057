import { WherryError } from '../errors/index.ts';

/**
 * `key=value` pairs as the API wants filters: JSON of each key's values.
 *
 * @throws WherryError InvalidArgument for one without `=`
 */
export function filters(pairs: readonly string[]): string | undefined {
  if (pairs.length === 0) return undefined;
  const by_key: Record<string, Record<string, true>> = {};
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    if (at < 1)
      throw new WherryError(
        'InvalidArgument',
        `invalid argument "${pair}" for "-f, --filter" flag: invalid filter '${pair}'`,
      );
    (by_key[pair.slice(0, at).trim().toLowerCase()] ??= {})[pair.slice(at + 1).trim()] = true;
  }
  return JSON.stringify(by_key);
}

/** For options that may be given more than once. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
