/** The API versions that are spoken; a request without a version in its path is of the newest. */
export const newest_version = '1.55';
export const oldest_version = '1.24';

/** Compares two versions number by number: below 0 when `a` is older than `b`. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.');
  const right = b.split('.');
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = Number(left[i] ?? 0) - Number(right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
