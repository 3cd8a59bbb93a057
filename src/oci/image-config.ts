import { config_bytes_max } from '../limits/index.ts';
import { isDigest } from './digest.ts';
import { readPlatform } from './descriptor.ts';
import { JsonFields, type StringMap } from './json-fields.ts';
import type { Platform } from './platform.ts';

/** How to run an image, in the names that image configs and Docker's API have for it. */
export interface RunConfig {
  readonly User?: string;
  readonly ExposedPorts?: readonly string[];
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: readonly string[];
  readonly WorkingDir?: string;
  readonly Labels?: StringMap;
  readonly StopSignal?: string;
  readonly StopTimeout?: number;
  readonly OnBuild?: readonly string[];
  readonly Shell?: readonly string[];
  readonly Healthcheck?: Healthcheck;
}

/** Docker's health check; times in nanoseconds. */
export interface Healthcheck {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

export interface History {
  readonly created?: string;
  readonly author?: string;
  readonly created_by?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/** The config of an image. image-spec, config.md. */
export interface ImageConfig {
  readonly platform: Platform;
  /** RFC 3339, as written. */
  readonly created?: string;
  readonly author?: string;
  readonly config: RunConfig;
  /** The digests of the uncompressed layers, base first. */
  readonly diffIDs: readonly string[];
  readonly history: readonly History[];
}

// Labels of these prefixes steer engines; an image does not get to set them.
const reservedLabels = ['containerd.io/', 'io.wherry.'];
const history_entries_max = 10_000;

/** Reads an image's config; `name` says in messages whose it is. Throws `InvalidArgument`. */
export function parseImageConfig(bytes: Uint8Array, name: string): ImageConfig {
  const fields = JsonFields.parse(bytes, `the config of ${name}`, config_bytes_max);
  fields.refuseOtherSpellings(['architecture', 'os', 'config', 'rootfs', 'history']);
  const rootfs = fields.object('rootfs');
  const diffIDs = rootfs?.strings('diff_ids') ?? [];
  const bad = diffIDs.findIndex((diffID) => !isDigest(diffID));
  if (bad >= 0) throw fields.problem(`rootfs.diff_ids[${bad}]`, 'is not a digest');
  const config = fields.object('config');
  const history = fields.objects('history', history_entries_max) ?? [];
  return {
    platform: readPlatform(fields),
    ...present({ created: fields.optionalString('created'), author: fields.optionalString('author') }),
    config: config === undefined ? {} : readRunConfig(config),
    diffIDs,
    history: history.map((entry) =>
      present({
        created: entry.optionalString('created'),
        author: entry.optionalString('author'),
        created_by: entry.optionalString('created_by'),
        comment: entry.optionalString('comment'),
        empty_layer: entry.boolean('empty_layer'),
      }),
    ),
  };
}

function readRunConfig(fields: JsonFields): RunConfig {
  const health = fields.object('Healthcheck');
  return present({
    User: fields.optionalString('User'),
    ExposedPorts: fields.keys('ExposedPorts'),
    Env: fields.strings('Env'),
    Entrypoint: fields.strings('Entrypoint'),
    Cmd: fields.strings('Cmd'),
    Volumes: fields.keys('Volumes'),
    WorkingDir: fields.optionalString('WorkingDir'),
    Labels: withoutReserved(fields.stringMap('Labels')),
    StopSignal: fields.optionalString('StopSignal'),
    StopTimeout: fields.optionalCount('StopTimeout'),
    OnBuild: fields.strings('OnBuild'),
    Shell: fields.strings('Shell'),
    Healthcheck:
      health === undefined
        ? undefined
        : present({
            Test: health.strings('Test'),
            Interval: health.optionalCount('Interval'),
            Timeout: health.optionalCount('Timeout'),
            StartPeriod: health.optionalCount('StartPeriod'),
            StartInterval: health.optionalCount('StartInterval'),
            Retries: health.optionalCount('Retries'),
          }),
  });
}

function withoutReserved(labels: StringMap | undefined): StringMap | undefined {
  if (labels === undefined) return undefined;
  const kept: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(labels)) {
    if (!reservedLabels.some((prefix) => name.startsWith(prefix))) kept[name] = value;
  }
  return kept;
}

type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** The fields that are there. */
function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
