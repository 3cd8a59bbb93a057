import { filetype, type Filetype } from '../../wasi/index.ts';
import { CommandFault, reasonOf } from '../errors.ts';
import { patternExpression } from '../pattern.ts';
import { baseName, joinPath, type Tool, type ToolContext } from './tool.ts';

interface Found {
  readonly path: string;
  readonly type: Filetype;
  readonly depth: number;
}

type Test = (found: Found) => boolean;

const types: Readonly<Record<string, Filetype>> = {
  f: filetype.regular_file,
  d: filetype.directory,
  l: filetype.symbolic_link,
  c: filetype.character_device,
  b: filetype.block_device,
  s: filetype.socket_stream,
};

interface Search {
  least: number;
  most: number;
  depth_first: boolean;
  acts: boolean;
}

export const find: Tool = (context, args) => {
  const first = args.findIndex((arg) => /^[-(!]/.test(arg));
  const paths = first < 0 ? args : args.slice(0, first);
  const search: Search = { least: 0, most: Number.MAX_SAFE_INTEGER, depth_first: false, acts: false };
  const expression = readExpression(context, first < 0 ? [] : args.slice(first), search);
  const test: Test = search.acts
    ? expression
    : (found) => {
        if (expression(found)) context.streams.out.line(found.path);
        return true;
      };
  let status = 0;
  const visit = (path: string, depth: number): void => {
    context.host.demandGoOn();
    try {
      const { type } = context.tree.lstat(path);
      const found = { path, type, depth };
      if (!search.depth_first && depth >= search.least) test(found);
      if (type === filetype.directory && depth < search.most)
        for (const { name } of context.tree.list(path)) visit(joinPath(path, name), depth + 1);
      if (search.depth_first && depth >= search.least) test(found);
    } catch (error) {
      context.streams.err.line(`find: ${path}: ${reasonOf(error)}`);
      status = 1;
    }
  };
  for (const path of paths.length === 0 ? ['.'] : paths) visit(path, 0);
  return status;
};

function readExpression(context: ToolContext, args: readonly string[], search: Search): Test {
  let at = 0;
  const { tree, streams } = context;
  const operand = (name: string): string => {
    const value = args[at++];
    if (value === undefined) throw new CommandFault(`${name} needs an argument`);
    return value;
  };

  function or(): Test {
    let test = and();
    while (args[at] === '-o' || args[at] === '-or') {
      at++;
      const [left, right] = [test, and()];
      test = (found) => left(found) || right(found);
    }
    return test;
  }

  function and(): Test {
    const tests: Test[] = [];
    while (at < args.length && args[at] !== ')' && args[at] !== '-o' && args[at] !== '-or') {
      if (args[at] === '-a' || args[at] === '-and') at++;
      tests.push(primary());
    }
    return (found) => tests.every((test) => test(found));
  }

  function primary(): Test {
    const name = args[at++]!;
    switch (name) {
      case '!':
      case '-not': {
        const test = primary();
        return (found) => !test(found);
      }
      case '(': {
        const test = or();
        if (args[at++] !== ')') throw new CommandFault('a closing parenthesis is missing');
        return test;
      }
      case '-name':
      case '-iname': {
        const expression = patternExpression(name === '-iname' ? operand(name).toLowerCase() : operand(name));
        return ({ path }) => expression.test(name === '-iname' ? baseName(path).toLowerCase() : baseName(path));
      }
      case '-path':
      case '-wholename': {
        const expression = patternExpression(operand(name));
        return ({ path }) => expression.test(path);
      }
      case '-type': {
        const wanted = operand(name).split(',');
        return ({ type }) => wanted.some((letter) => types[letter] === type);
      }
      case '-maxdepth':
        search.most = Number(operand(name));
        return () => true;
      case '-mindepth':
        search.least = Number(operand(name));
        return () => true;
      case '-empty':
        return ({ path, type }) =>
          type === filetype.directory ? tree.list(path).length === 0 : tree.lstat(path).size === 0n;
      case '-size': {
        const [, sign = '', count = '0', unit = ''] = /^([-+]?)(\d{1,12})([ckMG]?)$/.exec(operand(name)) ?? [];
        const factor = { c: 1n, '': 512n, k: 1024n, M: 1024n ** 2n, G: 1024n ** 3n }[unit]!;
        return ({ path }) => {
          const blocks = (tree.lstat(path).size + factor - 1n) / factor;
          return sign === '+'
            ? blocks > BigInt(count)
            : sign === '-'
              ? blocks < BigInt(count)
              : blocks === BigInt(count);
        };
      }
      case '-newer': {
        const { mtim } = tree.stat(operand(name));
        return ({ path }) => tree.lstat(path).mtim > mtim;
      }
      case '-print':
      case '-print0':
        search.acts = true;
        return ({ path }) => {
          streams.out.text(`${path}${name === '-print0' ? '\0' : '\n'}`);
          return true;
        };
      case '-delete':
        search.acts = true;
        search.depth_first = true;
        return ({ path, type }) => {
          if (type === filetype.directory) tree.removeDirectory(path);
          else tree.unlink(path);
          return true;
        };
      case '-depth':
        search.depth_first = true;
        return () => true;
      case '-exec':
        return command();
      default:
        throw new CommandFault(`unrecognized: ${name}`);
    }
  }

  /** Up to `;`, for each found; `+` is taken for the same. */
  function command(): Test {
    search.acts = true;
    const words: string[] = [];
    for (let word = operand('-exec'); word !== ';' && word !== '+'; word = operand('-exec')) words.push(word);
    if (words.length === 0) throw new CommandFault('-exec needs a command');
    return ({ path }) =>
      context.run(
        words.map((word) => word.replaceAll('{}', path)),
        streams,
      ) === 0;
  }

  const whole = or();
  if (at < args.length) throw new CommandFault(`unrecognized: ${args[at]}`);
  return whole;
}

/** `xargs [-n N] [-I TEXT] [-0] [COMMAND...]`. */
export const xargs: Tool = (context, args) => {
  let most = 5000;
  let replaced: string | null = null;
  let zero = false;
  let at = 0;
  for (; /^-./.test(args[at] ?? ''); at++) {
    const arg = args[at]!;
    if (arg === '-0') zero = true;
    else if (arg === '-n') most = Math.max(1, Number(args[++at]) || 1);
    else if (arg === '-I') replaced = args[++at] ?? '{}';
    else if (arg !== '-r' && arg !== '-t') throw new CommandFault(`unrecognized option: ${arg}`);
  }
  const words = args.length > at ? args.slice(at) : ['echo'];
  const text = new TextDecoder().decode(context.streams.in.all());
  const items = zero
    ? text.split('\0').filter((each) => each !== '')
    : replaced === null
      ? [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c!)
      : text.split('\n').filter((each) => each !== '');
  let status = 0;
  const run = (command: readonly string[]): void => {
    context.host.demandGoOn();
    if (context.run(command, context.streams) !== 0) status = 123;
  };
  if (replaced !== null) for (const item of items) run(words.map((word) => word.replaceAll(replaced!, item)));
  else for (let i = 0; i < items.length; i += most) run([...words, ...items.slice(i, i + most)]);
  return status;
};
