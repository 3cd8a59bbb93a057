import * as v from 'valibot';

/** Go's reading of JSON: what is missing or null is the zero of its type. */

type Schema<T> = v.GenericSchema<unknown, T>;

export const text: Schema<string> = v.nullish(v.string(), '');
export const flag: Schema<boolean> = v.nullish(v.boolean(), false);
export const number: Schema<number> = v.nullish(v.pipe(v.number(), v.integer()), 0);
export const map: Schema<Record<string, string>> = v.nullish(v.record(v.string(), v.string()), {});
export const strings: Schema<string[] | null> = v.nullish(v.array(v.string()), null);

/** A command: a list, or one word of it. */
export const stringsOrOne: Schema<string[] | null> = v.nullish(
  v.union([
    v.array(v.string()),
    v.pipe(
      v.string(),
      v.transform((word) => [word]),
    ),
  ]),
  null,
);

/** An object that need not be there. */
export function orNull<T>(schema: Schema<T>): Schema<T | null> {
  return v.nullish(schema, null) as unknown as Schema<T | null>;
}
