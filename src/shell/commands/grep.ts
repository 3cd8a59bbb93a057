import { filetype } from '../../wasi/index.ts';
import { CommandFault } from '../errors.ts';
import { bracket } from '../pattern.ts';
import type { Input } from '../streams.ts';
import { eachInput, joinPath, readFlags, type Tool, type ToolContext } from './tool.ts';

/**
 * The expression that a pattern of grep(1) or sed(1) stands for: basic, or extended as with `-E`.
 *
 * @throws CommandFault when it is none
 */
export function expressionOf(pattern: string, extended: boolean, flags: string): RegExp {
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    const next = pattern[i + 1];
    if (char === '[') {
      const set = bracket(pattern, i);
      if (set === null) throw new CommandFault('brackets ([ ]) not balanced', 2);
      source += set.source;
      i = set.end;
    } else if (char === '\\' && next !== undefined) {
      i++;
      if (!extended && '(){}|+?'.includes(next)) source += next;
      else if (/[\dbBwWsSdD]/.test(next)) source += `\\${next}`;
      else if (next === '<' || next === '>') source += '\\b';
      else if (next === 'n' || next === 't') source += `\\${next}`;
      else source += `\\${next}`.replace(/^\\(?=[A-Za-z"'#%&,:;<=>@_`~ !-])/, '');
    } else if (!extended && '(){}|+?'.includes(char)) source += `\\${char}`;
    else if (!extended && char === '*' && (source === '' || source.endsWith('(') || source.endsWith('|')))
      source += '\\*';
    else if (extended && char === '{' && !/^\{\d*,?\d*\}/.test(pattern.slice(i))) source += '\\{';
    else if (char === '/' || (!extended && char === '^' && source !== '' && !/[(|]$/.test(source)))
      source += `\\${char}`;
    else source += char;
  }
  try {
    return new RegExp(source, flags);
  } catch {
    throw new CommandFault(`bad regular expression: ${pattern}`, 2);
  }
}

export const grep: Tool = (context, args) => {
  const { streams, name } = context;
  const flags = readFlags(args, 'ivncqlLrREFwxoshHe:f:m:A:B:C:a', {
    'ignore-case': 'i',
    'invert-match': 'v',
    count: 'c',
    quiet: 'q',
    recursive: 'r',
    'extended-regexp': 'E',
    'fixed-strings': 'F',
  });
  const operands = [...flags.operands];
  const patterns = flags.has('e') || flags.has('f') ? [...flags.all('e')] : [operands.shift()];
  for (const path of flags.all('f'))
    patterns.push(
      ...context.tree
        .readText(path, 1 << 20)
        .replace(/\n$/, '')
        .split('\n'),
    );
  if (patterns[0] === undefined) throw new CommandFault('a pattern is missing', 2);
  const fixed = flags.has('F') || name === 'fgrep';
  const extended = flags.has('E') || name === 'egrep';
  const expressions = patterns
    .flatMap((each) => each!.split('\n'))
    .map((each) => {
      const whole = fixed ? new RegExp(each.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')) : expressionOf(each, extended, '');
      const source = flags.has('x')
        ? `^(?:${whole.source})$`
        : flags.has('w')
          ? `(?<!\\w)(?:${whole.source})(?!\\w)`
          : whole.source;
      return new RegExp(source, flags.has('i') ? 'gi' : 'g');
    });
  const recursive = flags.has('r') || flags.has('R');
  const paths = recursive
    ? (operands.length === 0 ? ['.'] : operands).flatMap((path) => filesBelow(context, path))
    : operands;
  const named = (flags.has('H') || recursive || paths.length > 1) && !flags.has('h');
  let found_any = false;
  const status = eachInput(context, paths, (input, path) => {
    const before = named ? `${path === '-' ? '(standard input)' : path}:` : '';
    if (searched(input, before, path)) found_any = true;
  });
  if (found_any) return flags.has('q') ? 0 : status === 0 ? 0 : 2;
  return status === 0 ? 1 : 2;

  function searched(input: Input, before: string, path: string): boolean {
    const most = Number(flags.value('m') ?? Number.MAX_SAFE_INTEGER);
    let count = 0;
    let number = 0;
    for (const line of input.lines()) {
      number++;
      const matches = expressions.some((each) => {
        each.lastIndex = 0;
        return each.test(line);
      });
      if (matches === flags.has('v')) continue;
      count++;
      if (flags.has('q')) return true;
      if (flags.has('l') || flags.has('L')) break;
      if (!flags.has('c')) print(line, `${before}${flags.has('n') ? `${number}:` : ''}`);
      if (count >= most) break;
    }
    if (flags.has('l') && count > 0) streams.out.line(path);
    if (flags.has('L') && count === 0) streams.out.line(path);
    if (flags.has('c')) streams.out.line(`${before}${count}`);
    return count > 0;
  }

  function print(line: string, before: string): void {
    if (!flags.has('o')) {
      streams.out.line(`${before}${line}`);
      return;
    }
    for (const each of expressions) {
      each.lastIndex = 0;
      for (const [text] of line.matchAll(each)) if (text !== '') streams.out.line(`${before}${text}`);
    }
  }
};

function filesBelow({ tree }: ToolContext, path: string): readonly string[] {
  if (!tree.isDirectory(path)) return [path];
  return tree.list(path).flatMap(({ name, type }) => {
    const inner = joinPath(path, name);
    if (type === filetype.directory) return filesBelow({ tree } as ToolContext, inner);
    return type === filetype.regular_file ? [inner] : [];
  });
}
