/** What is replaced on both sides before outputs of `ctr` are compared, because it differs from run to run. */
import type { Mask } from '../docker/masks.ts';

/** What a side knows about itself. */
export interface Surroundings {
  readonly folder: string;
  readonly socket: string;
  /** Where it keeps what outlives it, and what does not. */
  readonly roots: readonly string[];
  readonly namespace: string;
}

const masks: readonly Mask[] = [
  {
    name: 'times',
    pattern: /\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( ?(Z|UTC|[+-]\d\d:?\d\d))*( UTC)?/g,
    to: '<time>',
  },
  {
    name: 'durations',
    pattern: /\b(Less than a second|About (a minute|an hour)|\d+ (second|minute|hour)s?)\b/g,
    to: '<duration>',
  },
  { name: 'columns that are as wide as a duration', pattern: /\t+/g, to: '\t' },
  { name: 'elapsed time and speed', pattern: /elapsed: *[\d.]+ *s *total: .*/g, to: 'elapsed: <time>' },
  { name: 'how long it took', pattern: /\bdone: [\d.]+(µs|ms|s)/g, to: 'done: <time>' },
  { name: 'random names', pattern: /\b\d{1,19}-[A-Za-z0-9_-]{4}(?![A-Za-z0-9_-])/g, to: '<random>' },
  {
    name: 'processes in tables',
    pattern: /^(\S+ +)\d+( +)(?=RUNNING|STOPPED|PAUSED|CREATED|UNKNOWN|-)/gm,
    to: '$1<pid>$2',
  },
  { name: 'processes in JSON', pattern: /"(pid|Pid)": ?\d+/g, to: '"$1":<pid>' },
  {
    name: 'folders of layers',
    pattern: /(?<=(lowerdir|upperdir|workdir)=([^, "\n]*:)?)(?:<root>)?\/[^,: "\n]*/g,
    to: '<layer>',
  },
  { name: 'a folder that is mounted', pattern: /(?<=mount -t bind )(?:<root>)?\/\S+/g, to: '<layer>' },
  { name: 'the same in JSON', pattern: /(?<="Source": ")[</][^"]*/g, to: '<layer>' },
  { name: 'how a terminal shows the end of stdin', pattern: /\^@|\0/g, to: '' },
  { name: 'times as numbers', pattern: /\{"seconds":\d+,"nanos":\d+\}/g, to: '<time>' },
  { name: 'where ctr mounts', pattern: /(?<=\/containerd-mount)\d+/g, to: '<n>' },
  { name: "shims' sockets", pattern: /(?<=\/run\/containerd\/s\/)[0-9a-f]{64}/g, to: '<socket>' },
  { name: 'folders of fifos', pattern: /(?<=\/run\/containerd\/fifo\/)\d+/g, to: '<n>' },
  { name: 'bundles', pattern: /<root>\/[^ :)]*?(?=\/(log\.json|criu-dump\.log))/g, to: '<bundle>' },
  { name: 'keys inside a snapshotter', pattern: /<ns>\/\d+\//g, to: '<ns>/<n>/' },
  { name: 'ids of servers', pattern: /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, to: '<uuid>' },
];

/** The masks of one side, in this order. */
export function masksOf({ folder, socket, roots, namespace }: Surroundings): Mask[] {
  const literal = (name: string, text: string, to: string): Mask => ({
    name,
    pattern: new RegExp(RegExp.escape(text), 'g'),
    to,
  });
  return [
    literal('the folder', folder, '<folder>'),
    literal('the socket', socket, '<socket>'),
    ...roots.map((root) => literal('where the daemon keeps its data', root, '<root>')),
    literal('the namespace', namespace, '<ns>'),
    ...masks,
  ];
}

/** A line a mask, for people. */
export function describeMasks(): string[] {
  const known = masksOf({ folder: '<folder>', socket: '<socket>', roots: ['<root>'], namespace: '<ns>' });
  return known.map(({ name, pattern, to }) => `${name}: ${pattern.source} -> ${to}`);
}
