/** What lies in the files that are worked on before the first operation. */
import fc from 'fast-check';

interface Common {
  /** Below the root, names joined by `/`; an entry comes after the directory that it lies in. */
  readonly path: string;
  /** Nanoseconds since the epoch. */
  readonly mtime: bigint;
}

export type Entry =
  | (Common & { readonly kind: 'directory'; readonly mode: number })
  | (Common & { readonly kind: 'file'; readonly mode: number; readonly text: string })
  | (Common & { readonly kind: 'symlink'; readonly target: string });

export type Tree = readonly Entry[];

const long_name = 'n'.repeat(255);
const too_long_name = 'n'.repeat(256);

const plain_name: fc.Arbitrary<string> = fc.oneof(
  { weight: 600, arbitrary: fc.constant('a') },
  { weight: 500, arbitrary: fc.constant('b') },
  { weight: 300, arbitrary: fc.constant('c') },
  { weight: 100, arbitrary: fc.constantFrom('ü', '.x') },
  { weight: 2, arbitrary: fc.constant(long_name) },
);

const any_name: fc.Arbitrary<string> = fc.oneof(
  { weight: 3000, arbitrary: plain_name },
  { weight: 200, arbitrary: fc.constant('..') },
  { weight: 80, arbitrary: fc.constant('.') },
  { weight: 40, arbitrary: fc.constantFrom(long_name, too_long_name) },
  { weight: 1, arbitrary: fc.constant('.wh.a') },
);

/** A path as a guest may write one. */
export const any_path: fc.Arbitrary<string> = fc
  .record({
    before: fc.oneof(
      { weight: 60, arbitrary: fc.constant('') },
      { weight: 1, arbitrary: fc.constant('/') },
      { weight: 2, arbitrary: fc.constant('./') },
    ),
    names: fc.oneof(
      { weight: 3, arbitrary: fc.tuple(any_name) },
      { weight: 3, arbitrary: fc.tuple(any_name, any_name) },
      { weight: 1, arbitrary: fc.array(any_name, { minLength: 3, maxLength: 4 }) },
    ),
    between: fc.oneof({ weight: 30, arbitrary: fc.constant('/') }, { weight: 1, arbitrary: fc.constant('//') }),
    after: fc.oneof(
      { weight: 12, arbitrary: fc.constant('') },
      { weight: 2, arbitrary: fc.constant('/') },
      { weight: 1, arbitrary: fc.constantFrom('/.', '//', '/..') },
    ),
  })
  .map(({ before, names, between, after }) => `${before}${names.join(between)}${after}`);

/** Where a symlink leads: into the tree, to itself, out of the tree, nowhere. */
export const any_target: fc.Arbitrary<string> = fc.oneof(
  { weight: 10, arbitrary: any_path },
  { weight: 3, arbitrary: plain_name },
  { weight: 2, arbitrary: plain_name.map((name) => `../${name}`) },
  { weight: 1, arbitrary: plain_name.map((name) => `/${name}`) },
  { weight: 1, arbitrary: fc.constantFrom('.', '..', '/', '../..', './') },
);

export const any_text: fc.Arbitrary<string> = fc.constantFrom('one', 'some longer text', '0123456789'.repeat(30));

/** A time long ago, to the nanosecond. */
export const any_time: fc.Arbitrary<bigint> = fc.constantFrom(
  1_000_000_007n,
  1_234_567_890_123_456_789n,
  946_684_800_999_999_999n,
);

const any_entry: fc.Arbitrary<Entry> = fc
  .record({
    names: fc.array(plain_name, { minLength: 1, maxLength: 3 }),
    mtime: any_time,
    rest: fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({
          kind: fc.constant('directory' as const),
          mode: fc.constantFrom(0o755, 0o755, 0o777, 0o1777, 0o555),
        }),
      },
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('file' as const),
          mode: fc.constantFrom(0o644, 0o644, 0o666, 0o444, 0o600),
          text: any_text,
        }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('symlink' as const), target: any_target }) },
    ),
  })
  .map(({ names, mtime, rest }) => ({ path: names.join('/'), mtime, ...rest }));

/** Entries that fit each other: the directories on the way are there, no name is there twice. `tmp` always is. */
export const any_tree: fc.Arbitrary<Tree> = fc.array(any_entry, { maxLength: 12, size: 'max' }).map((entries) => {
  const tree = new Map<string, Entry>();
  const put = (path: string, entry: Entry): boolean => {
    const end = path.lastIndexOf('/');
    if (end > 0) {
      const above = path.slice(0, end);
      if (!put(above, { kind: 'directory', path: above, mode: 0o755, mtime: entry.mtime })) return false;
    }
    const there = tree.get(path);
    if (there === undefined) tree.set(path, entry);
    return there === undefined ? entry.kind === 'directory' : there.kind === 'directory';
  };
  for (const entry of [...entries, { kind: 'directory' as const, path: 'tmp', mode: 0o1777, mtime: 1_000_000_007n }])
    put(entry.path, entry);
  return [...tree.values()];
});
