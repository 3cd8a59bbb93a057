import { WherryError } from '../errors/index.ts';

const unit_ms: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/**
 * Reads a time as Docker's filters have it: Unix seconds with an optional fraction, a Go duration back from `now`
 * (`10m`, `1h30m`), RFC 3339, or a date with less of it, in the zone of this machine.
 *
 * @throws WherryError InvalidArgument
 */
export function parseTime(text: string, now: Date): Date {
  const milliseconds = unixTime(text) ?? durationBefore(text, now) ?? calendarTime(text);
  if (milliseconds !== null && Number.isFinite(milliseconds)) return new Date(milliseconds);
  throw new WherryError('InvalidArgument', `invalid timestamp "${text}": not a time, a date or a duration`);
}

function unixTime(text: string): number | null {
  return /^-?\d{1,12}(\.\d{1,9})?$/.test(text) ? Number(text) * 1000 : null;
}

function durationBefore(text: string, now: Date): number | null {
  const milliseconds = parseDuration(text);
  return milliseconds === null ? null : now.getTime() - milliseconds;
}

/** A Go duration in milliseconds; null for what is none. */
function parseDuration(text: string): number | null {
  const parts = /^([+-]?)((?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+)$/.exec(text);
  if (parts === null) return null;
  let milliseconds = 0;
  for (const [, amount, unit] of parts[2]!.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)) {
    milliseconds += Number(amount) * unit_ms[unit!]!;
  }
  return parts[1] === '-' ? -milliseconds : milliseconds;
}

function calendarTime(text: string): number | null {
  const parts = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?)?(Z|[+-]\d{2}:\d{2})?$/.exec(
    text,
  );
  if (parts === null) return null;
  const [, date, hours = '00', minutes = '00', seconds = '00', fraction = '', zone = ''] = parts;
  // More digits than a millisecond has are more than a Date can keep.
  const time = Date.parse(`${date}T${hours}:${minutes}:${seconds}${fraction.slice(0, 4)}${zone}`);
  return Number.isNaN(time) ? null : time;
}
