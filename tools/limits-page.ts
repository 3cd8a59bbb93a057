/**
 * Writes `docs/limits.md` from `src/limits/index.ts`: its comments are what the page says, its values are what it shows.
 * Run it after a change of that file; a test compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import * as limits from '../src/limits/index.ts';

const values: Readonly<Record<string, unknown>> = limits;

interface Bound {
  readonly name: string;
  readonly says: string;
}

interface Group {
  readonly says: string;
  readonly bounds: readonly Bound[];
}

const intro = `# Limits

Every bound of Wherry with its default, made from \`src/limits/index.ts\` by \`tools/limits-page.ts\`. A bound that a user
may change says how; all others are fixed.

## What a user gives a container

| option | holds by | where there are no rights to make control groups |
|---|---|---|
| \`-m\`, \`--memory\` | each memory of the module ends there (\`memory.grow\` gives -1); a control group ends the process with 137 and \`OOMKilled\` when all it has comes to that and ${size('guest_process_bytes')} more | the same for the module's memories; the process gets no more data (\`RLIMIT_DATA\`), and ends with 137 and \`OOMKilled\` when V8 cannot do without |
| \`--memory-swap\` | the control group | discarded with a warning |
| \`--cpus\`, \`--cpu-quota\`, \`--cpu-period\` | the control group | the shim stops the process when it has used its part, and lets it go on |
| \`--cpu-shares\` | the control group | discarded with a warning |
| \`--pids-limit\` | the control group | discarded with a warning; a guest has one process, and no call that makes another |
| \`--log-opt\` | the shim | the same |
| \`--stop-timeout\` | the daemon | the same |

\`docker update\` changes memory, processor and processes of a container while it runs, and its next starts have them, too.
Two things wait for the next start: the end of the module's memories, which stands in its code, and, in a container
that had no memory limit before, the counting of what it has already.

\`--memory-reservation\`, \`--memory-swappiness\`, \`--oom-kill-disable\` and \`--cpuset-cpus\` are discarded with a warning.

A container's control group is \`wherry/<namespace>/<id>\`, in version 2 or in the hierarchies of version 1 that its limits
need: at the top for root, else below the nearest group around the daemon that was handed over to its user. A container
without limits has none, because the kernel takes some 6 ms to move a process into one. Version 2 has only been tried with a recorded tree.
`;

/** The page for the text of the file. */
export function limitsPage(source: string): string {
  const groups = parse(source);
  const known = new Set(groups.flatMap(({ bounds }) => bounds.map(({ name }) => name)));
  for (const name of Object.keys(values))
    if (!known.has(name)) throw new Error(`src/limits/index.ts: ${name} stands in no group with a comment.`);
  const tables = groups.filter(({ bounds }) => bounds.length > 1);
  const others = groups.flatMap(({ says, bounds }) =>
    bounds.length > 1 ? [] : bounds.map((bound) => ({ ...bound, says: [says, bound.says].join(' ').trim() })),
  );
  return [intro, ...tables.map(section), section({ says: 'Others.', bounds: others })].join('\n');
}

/** Blocks between empty lines; where two comments follow each other, the first is the block's. */
function parse(source: string): readonly Group[] {
  return source.split(/\n\n+/).flatMap((block): readonly Group[] => {
    const parts = [...block.matchAll(/\/\*\*(.*?)\*\/|^export const (\w+)/gms)];
    if (!parts.some(([, , name]) => name !== undefined)) return [];
    const [first, ...rest] = parts;
    if (first?.[1] === undefined) throw new Error(`src/limits/index.ts: no comment over\n${block}`);
    const bounds: Bound[] = [];
    let says = '';
    for (const [, comment, name] of rest) {
      if (comment !== undefined) says = plain(comment);
      if (name === undefined) continue;
      bounds.push({ name, says });
      says = '';
    }
    return [{ says: plain(first[1]), bounds }];
  });
}

function plain(comment: string): string {
  return comment
    .replaceAll(/^\s*\*/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}

function section({ says, bounds }: Group): string {
  const [, title = says, rest = ''] = /^([^.:]+)[.:]\s*(.*)$/s.exec(says) ?? [];
  const rows = bounds.map((bound) =>
    `| \`${bound.name}\` | ${size(bound.name)} | ${bound.says} |`.replace('|  |', '| |'),
  );
  const said = rest === '' ? '' : `${rest[0]!.toUpperCase()}${rest.slice(1)}\n\n`;
  return `## ${title}\n\n${said}| bound | default | |\n|---|---|---|\n${rows.join('\n')}\n`;
}

/** The value with its unit, which stands in the name. */
function size(name: string): string {
  const value = values[name];
  if (typeof value !== 'number') throw new Error(`src/limits/index.ts: ${name} is not a number.`);
  const words = name.split('_');
  const unit = ['bytes', 'ms', 'us', 's', 'pages'].find((each) => words.includes(each));
  switch (unit) {
    case 'bytes':
      return scaled(value, [1024 ** 3, 'GiB'], [1024 ** 2, 'MiB'], [1024, 'KiB'], [1, 'bytes']);
    case 'ms':
      return scaled(value, [1000, 's'], [1, 'ms']);
    case 'us':
      return scaled(value, [1000, 'ms'], [1, 'µs']);
    case 's':
      return `${grouped(value)} s`;
    case 'pages':
      return `${grouped(value)} pages`;
    default:
      return grouped(value);
  }
}

/** In the largest unit that it is a whole number of. */
function scaled(value: number, ...units: readonly (readonly [number, string])[]): string {
  const [scale, name] = units.find(([each]) => value % each === 0) ?? [1, ''];
  return `${grouped(value / scale)} ${name}`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

const root = join(import.meta.dirname, '..');

/** The file that the page is made from, and the page. */
export const source_path: string = join(root, 'src/limits/index.ts');
export const page_path: string = join(root, 'docs/limits.md');

if (import.meta.main) writeFileSync(page_path, limitsPage(readFileSync(source_path, 'utf8')));
