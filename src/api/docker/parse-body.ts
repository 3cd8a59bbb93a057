import * as v from 'valibot';

import { WherryError } from '../../errors/index.ts';

/**
 * Reads what a client sent as an object of this schema.
 *
 * @throws WherryError InvalidArgument that names the field
 */
export function parseBody<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T {
  if (Array.isArray(value)) throw new WherryError('InvalidArgument', 'invalid JSON: an object is needed, not a list');
  const parsed = v.safeParse(schema, value);
  if (parsed.success) return parsed.output;
  const [issue] = parsed.issues;
  const where = v.getDotPath(issue);
  throw new WherryError('InvalidArgument', `invalid JSON: ${where === null ? '' : `${where}: `}${issue.message}`);
}
