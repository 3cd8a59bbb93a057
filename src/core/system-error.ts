import { WherryError } from '../errors/index.ts';

const SQLITE_FULL = 13;

/**
 * Makes a `WherryError` of what the system or SQLite threw while `doing` ("Cannot write the layer"): a full disk is
 * ResourceExhausted with what to do, the rest Internal.
 */
export function fromSystem(thrown: unknown, doing: string): WherryError {
  if (thrown instanceof WherryError) return thrown;
  if (isFull(thrown)) {
    return new WherryError(
      'ResourceExhausted',
      `${doing}: no space left on device. Free some, for example with "docker system prune".`,
      { cause: thrown },
    );
  }
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new WherryError('Internal', `${doing}: ${why}.`, { cause: thrown });
}

/** Whether `thrown` says that the disk, or the user's share of it, is full. */
export function isFull(thrown: unknown): boolean {
  if (typeof thrown !== 'object' || thrown === null) return false;
  const { code, errcode } = thrown as { code?: unknown; errcode?: unknown };
  return code === 'ENOSPC' || code === 'EDQUOT' || (typeof errcode === 'number' && (errcode & 0xff) === SQLITE_FULL);
}

/** Whether `thrown` is the system's error `code`, such as `ENOENT`. */
export function isCode(thrown: unknown, code: string): boolean {
  return typeof thrown === 'object' && thrown !== null && (thrown as { code?: unknown }).code === code;
}
