import { filetype } from '../../wasi/index.ts';
import { CommandFault } from '../errors.ts';
import type { Tree } from '../tree.ts';

/** `test` and `[`: 0 when the expression holds, 1 when it does not. @throws CommandFault when it is none */
export function test(args: readonly string[], tree: Tree): number {
  let at = 0;
  const wrong = (): never => {
    throw new CommandFault(`${args[at] ?? args.at(-1) ?? ''}: unknown operand`, 2);
  };

  function or(): boolean {
    let value = and();
    while (args[at] === '-o') {
      at++;
      const right = and();
      value ||= right;
    }
    return value;
  }

  function and(): boolean {
    let value = not();
    while (args[at] === '-a') {
      at++;
      const right = not();
      value &&= right;
    }
    return value;
  }

  function not(): boolean {
    if (args[at] === '!' && at + 1 < args.length && !(args.length - at === 3 && binary(args[at + 1]!) !== null)) {
      at++;
      return !not();
    }
    return primary();
  }

  function primary(): boolean {
    const first = args[at];
    if (first === undefined) return wrong();
    const compare = at + 2 < args.length || args.length - at === 3 ? binary(args[at + 1] ?? '') : null;
    if (compare !== null && args[at + 2] !== undefined) {
      at += 3;
      return compare(first, args[at - 1]!, tree);
    }
    if (first === '(') {
      at++;
      const value = or();
      if (args[at++] !== ')') throw new CommandFault('closing paren expected', 2);
      return value;
    }
    const check = unary[first];
    if (check !== undefined && args[at + 1] !== undefined) {
      at += 2;
      return check(args[at - 1]!, tree);
    }
    at++;
    return first !== '';
  }

  if (args.length === 0) return 1;
  const value = or();
  if (at < args.length) return wrong();
  return value ? 0 : 1;
}

const isType =
  (...types: readonly number[]) =>
  (path: string, tree: Tree): boolean =>
    types.includes(tree.find(path)?.type ?? -1);
const isThere = (path: string, tree: Tree): boolean => tree.find(path) !== null;
const isLink = (path: string, tree: Tree): boolean => tree.find(path, false)?.type === filetype.symbolic_link;

const unary: Readonly<Record<string, (operand: string, tree: Tree) => boolean>> = {
  '-n': (text) => text !== '',
  '-z': (text) => text === '',
  '-e': isThere,
  '-f': isType(filetype.regular_file),
  '-d': isType(filetype.directory),
  '-b': isType(filetype.block_device),
  '-c': isType(filetype.character_device),
  '-S': isType(filetype.socket_stream, filetype.socket_dgram),
  '-p': () => false,
  '-L': isLink,
  '-h': isLink,
  '-s': (path, tree) => (tree.find(path)?.size ?? 0n) > 0n,
  // What modes say is not told here; whoever tries is told.
  '-r': isThere,
  '-w': isThere,
  '-x': isThere,
  '-t': () => false,
};

type Compare = (a: string, b: string, tree: Tree) => boolean;

function binary(operator: string): Compare | null {
  return Object.hasOwn(comparisons, operator) ? comparisons[operator]! : null;
}

const numbers =
  (holds: (a: bigint, b: bigint) => boolean): Compare =>
  (a, b) =>
    holds(integer(a), integer(b));

function integer(text: string): bigint {
  if (!/^\s*[-+]?\d{1,40}\s*$/.test(text)) throw new CommandFault(`Illegal number: ${text}`, 2);
  return BigInt(text.trim().replace(/^\+/, ''));
}

const mtime = (path: string, tree: Tree): bigint => tree.find(path)?.mtim ?? -1n;

const comparisons: Readonly<Record<string, Compare>> = {
  '=': (a, b) => a === b,
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '-eq': numbers((a, b) => a === b),
  '-ne': numbers((a, b) => a !== b),
  '-lt': numbers((a, b) => a < b),
  '-le': numbers((a, b) => a <= b),
  '-gt': numbers((a, b) => a > b),
  '-ge': numbers((a, b) => a >= b),
  '-nt': (a, b, tree) => mtime(a, tree) > mtime(b, tree),
  '-ot': (a, b, tree) => mtime(a, tree) < mtime(b, tree),
  '-ef': (a, b, tree) => {
    const [one, other] = [tree.find(a), tree.find(b)];
    return one !== null && other !== null && one.ino === other.ino && one.dev === other.dev;
  },
};
