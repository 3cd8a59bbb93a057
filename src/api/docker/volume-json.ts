import type { Volume } from '../../engine/index.ts';

/** `Volume`. */
export function volumeJson(volume: Volume): Record<string, unknown> {
  const { name, driver, labels, options, created_at, mountpoint } = volume;
  return {
    CreatedAt: created_at.toISOString().replace(/\.\d+Z$/, 'Z'),
    Driver: driver,
    Labels: orNull(labels),
    Mountpoint: mountpoint,
    Name: name,
    Options: orNull(options),
    Scope: 'local',
  };
}

/** Docker tells of no labels and no options as of none at all. */
function orNull(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> | null {
  return Object.keys(map).length === 0 ? null : map;
}
