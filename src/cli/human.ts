const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const week = 7 * day;
const month = 30 * day;
const year = 365 * day;

/** A length of time in seconds as Docker words it: `Less than a second`, `About a minute`, `3 weeks`. */
export function duration(seconds: number): string {
  if (seconds < 1) return 'Less than a second';
  if (seconds < 2) return '1 second';
  if (seconds < minute) return `${Math.floor(seconds)} seconds`;
  const minutes = Math.floor(seconds / minute);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(seconds / hour);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  if (hours < 24 * 7 * 2) return `${Math.floor(seconds / day)} days`;
  if (hours < 24 * 30 * 2) return `${Math.floor(seconds / week)} weeks`;
  if (hours < 24 * 365 * 2) return `${Math.floor(seconds / month)} months`;
  return `${Math.floor(seconds / year)} years`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** Bytes in decimal units with so many significant digits, as Docker's tables have them. */
export function size(bytes: number, digits = 3): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${Number(value.toPrecision(digits))}${units[unit]}`;
}

const factors: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Bytes as a user writes them (`64m`, `1.5g`, `100kb`); null when it is no size. */
export function parseSize(text: string): number | null {
  const parts = /^(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?$/i.exec(text.trim());
  return parts === null ? null : Math.floor(Number(parts[1]) * factors[parts[2]!.toLowerCase()]!);
}

/** Seconds of a Go duration (`1m30s`, `500ms`, `2h`); null when it is none. */
export function parseDuration(text: string): number | null {
  const pattern = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/gy;
  const seconds = { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, m: minute, h: hour } as const;
  let total = 0;
  let end = 0;
  for (let part = pattern.exec(text); part !== null; part = pattern.exec(text)) {
    total += Number(part[1]) * seconds[part[2] as keyof typeof seconds];
    end = pattern.lastIndex;
  }
  return end === text.length && text !== '' ? total : null;
}
