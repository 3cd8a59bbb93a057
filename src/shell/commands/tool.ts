import { CommandFault, reasonOf } from '../errors.ts';
import type { ShellHost } from '../host.ts';
import { Input, type Streams } from '../streams.ts';
import type { Tree } from '../tree.ts';
import type { Variables } from '../variables.ts';

/** What a tool works with. */
export interface ToolContext {
  /** As it was called, without the folder. */
  readonly name: string;
  readonly streams: Streams;
  readonly tree: Tree;
  readonly host: ShellHost;
  readonly variables: Variables;
  /** Runs another command. */
  run(command: readonly string[], streams: Streams): number;
}

/** One of the usual tools; gives how it ended. What it throws is said with its name before it. */
export type Tool = (context: ToolContext, args: readonly string[]) => number;

export interface Flags {
  /** Letters, and the values of those that take one. */
  readonly has: (flag: string) => boolean;
  readonly value: (flag: string) => string | undefined;
  readonly all: (flag: string) => readonly string[];
  readonly operands: readonly string[];
}

/**
 * Reads `-abc`, `-n VALUE`, `-nVALUE` and `--long[=VALUE]` up to `--`. `letters` are those that are known, with a colon
 * behind each that takes a value; `long` gives long names their letters.
 *
 * @throws CommandFault for an option that is not known
 */
export function readFlags(
  args: readonly string[],
  letters: string,
  long: Readonly<Record<string, string>> = {},
): Flags {
  const found = new Map<string, string[]>();
  const operands: string[] = [];
  const add = (flag: string, value = ''): void => void found.set(flag, [...(found.get(flag) ?? []), value]);
  const wantsValue = (flag: string): boolean => {
    const at = letters.indexOf(flag);
    if (at < 0 || flag === ':') throw new CommandFault(`unrecognized option: ${flag}`);
    return letters[at + 1] === ':';
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '--') {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (arg.startsWith('--')) {
      const [name = '', ...rest] = arg.slice(2).split('=');
      const flag = long[name];
      if (flag === undefined) throw new CommandFault(`unrecognized option: ${arg}`);
      add(flag, wantsValue(flag) ? (rest.length > 0 ? rest.join('=') : (args[++i] ?? '')) : '');
    } else if (/^-./.test(arg)) {
      for (let j = 1; j < arg.length; j++) {
        const flag = arg[j]!;
        if (!wantsValue(flag)) {
          add(flag);
          continue;
        }
        const inside = arg.slice(j + 1);
        const value = inside === '' ? args[++i] : inside;
        if (value === undefined) throw new CommandFault(`option requires an argument: ${flag}`);
        add(flag, value);
        break;
      }
    } else operands.push(arg);
  }
  return {
    has: (flag) => found.has(flag),
    value: (flag) => found.get(flag)?.at(-1),
    all: (flag) => found.get(flag) ?? [],
    operands,
  };
}

/** A count of bytes or lines, with k, M or G behind it. */
export function countIn(text: string): number {
  const found = /^(\d{1,15})([kKMG]?)$/.exec(text);
  if (found === null) throw new CommandFault(`invalid number '${text}'`);
  const factor = { '': 1, k: 1024, K: 1024, M: 1024 ** 2, G: 1024 ** 3 }[found[2]!]!;
  return Number(found[1]) * factor;
}

/**
 * Calls `act` with each of the files named, stdin for `-` or none; says what cannot be opened and goes on. Gives 1 when
 * that happened.
 */
export function eachInput(
  { streams, tree, name }: ToolContext,
  paths: readonly string[],
  act: (input: Input, path: string) => void,
): number {
  let status = 0;
  for (const path of paths.length === 0 ? ['-'] : paths) {
    if (path === '-') {
      act(streams.in, '-');
      continue;
    }
    try {
      const file = tree.openToRead(path);
      try {
        act(Input.ofFile(file), path);
      } finally {
        file.close();
      }
    } catch (error) {
      streams.err.line(`${name}: ${path}: ${reasonOf(error)}`);
      status = 1;
    }
  }
  return status;
}

/** Calls `act` with each operand; says what it cannot do and goes on. Gives 1 when that happened. */
export function eachPath(
  { streams, name }: ToolContext,
  paths: readonly string[],
  act: (path: string) => void,
): number {
  let status = 0;
  for (const path of paths)
    try {
      act(path);
    } catch (error) {
      streams.err.line(`${name}: ${path}: ${reasonOf(error)}`);
      status = 1;
    }
  return status;
}

/** @throws CommandFault when there are fewer */
export function demandOperands({ operands }: Flags, least: number): void {
  if (operands.length < least) throw new CommandFault('an operand is missing');
}

export function baseName(path: string): string {
  const trimmed = path.replace(/(?!^)\/+$/, '');
  return trimmed === '/' ? '/' : (trimmed.split('/').at(-1) ?? '');
}

export function joinPath(folder: string, name: string): string {
  return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}
