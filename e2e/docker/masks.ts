/** What is replaced on both sides before outputs are compared, because it differs from run to run. */

export interface Mask {
  readonly name: string;
  readonly pattern: RegExp;
  readonly to: string;
}

/** What a run knows about itself. */
export interface Surroundings {
  /** Where the scenario works. */
  readonly folder: string;
  /** Where the engine keeps its data. */
  readonly root: string;
  /** Address of the registry. */
  readonly registry: string;
  /** What the images are made for. */
  readonly platform: string;
}

/** In this order. */
export const masks: readonly Mask[] = [
  { name: 'digests', pattern: /sha256:[0-9a-f]{64}/g, to: 'sha256:<digest>' },
  { name: 'ids', pattern: /\b[0-9a-f]{64}\b/g, to: '<id>' },
  { name: 'short ids', pattern: /\b[0-9a-f]{12}\b/g, to: '<id12>' },
  { name: 'times', pattern: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, to: '<time>' },
  { name: 'dates', pattern: /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? [+-]\d{4} [A-Z]+/g, to: '<time>' },
  { name: 'times of day', pattern: /\b\d\d:\d\d:\d\d\b/g, to: '<hh:mm:ss>' },
  {
    name: 'durations',
    pattern: /\b(Less than a second|About (a minute|an hour)|\d+ (second|minute|hour|day|week|month|year)s?)\b/g,
    to: '<duration>',
  },
  { name: 'sizes', pattern: /\b\d+(\.\d+)?([kMG]i?)?B\b/g, to: '<size>' },
  { name: 'sizes of manifests', pattern: /\bsize: \d+$/gm, to: 'size: <n>' },
  {
    name: 'processes',
    pattern: /^\S+( +)\d+( +)\d+( +)\d+( +)\d\d:\d\d( +)\S+( +)<hh:mm:ss>/gm,
    to: '<uid>$1<pid>$2<ppid>$3<c>$4<stime>$5<tty>$6<time>',
  },
  { name: 'how long a container ran', pattern: /\bexecDuration=\d+/g, to: 'execDuration=<s>' },
  {
    name: 'how far the runtime had come',
    pattern:
      /failed to create task for container: (failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: (error during container init: )?)?/g,
    to: '',
  },
];

/** Columns are as wide as what was masked in them. */
const padding: Mask = { name: 'columns of tables', pattern: / {3,}/g, to: '   ' };

/** The masks for a run, the last being that of tables. */
export function masksOf(surroundings: Surroundings): Mask[] {
  const [os = '', architecture = ''] = surroundings.platform.split('/');
  const literal = (name: string, text: string, to: string): Mask => ({
    name,
    pattern: new RegExp(RegExp.escape(text), 'g'),
    to,
  });
  return [
    literal('the folder', surroundings.folder, '<folder>'),
    literal("the engine's data", surroundings.root, '<root>'),
    literal('the registry', surroundings.registry, '<registry>'),
    literal('the platform', surroundings.platform, '<platform>'),
    literal('the platform in JSON', `"architecture":"${architecture}","os":"${os}"`, '<platform>'),
    ...masks,
  ];
}

/** The text with everything masked. Masking what is masked changes nothing. */
export function mask(text: string, those: readonly Mask[]): string {
  const masked = those.reduce((rest, { pattern, to }) => rest.replace(pattern, to), text);
  return /<(id12|time|duration|size|pid)>/.test(masked) ? masked.replace(padding.pattern, padding.to) : masked;
}

/** A line a mask, for people. */
export function describeMasks(): string[] {
  const known = masksOf({
    folder: '<the folder>',
    root: '<the data>',
    registry: '<the registry>',
    platform: '<os>/<architecture>',
  });
  return [...known, padding].map(({ name, pattern, to }) => `${name}: ${pattern.source} -> ${to}`);
}
