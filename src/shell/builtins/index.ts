import { shell_script_bytes_max } from '../../limits/index.ts';
import { CommandFault, Exit, Leave } from '../errors.ts';
import type { Interpreter } from '../interpreter.ts';
import type { Streams } from '../streams.ts';
import { toText } from '../streams.ts';
import { toolNames } from '../commands/index.ts';
import { printf, withEscapes } from './printf.ts';
import { test } from './test.ts';

/** A command that is the shell's own; gives how it ended. */
export type Builtin = (shell: Interpreter, args: readonly string[], streams: Streams) => number;

/** Assignments before these stay. */
export const special_builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  [':', () => 0],
  ['.', source],
  ['source', source],
  ['break', (_, args) => leave('break', args)],
  ['continue', (_, args) => leave('continue', args)],
  ['eval', (shell, args, streams) => shell.source(args.join(' '), streams)],
  ['exec', execute],
  [
    'exit',
    (shell, args) => {
      throw new Exit(numberOf(args[0], shell.status) & 255);
    },
  ],
  ['export', (shell, args, streams) => mark(shell, args, streams, 'export', { exported: true })],
  ['readonly', (shell, args, streams) => mark(shell, args, streams, 'readonly', { read_only: true })],
  [
    'return',
    (shell, args) => {
      throw new Leave('return', numberOf(args[0], shell.status) & 255);
    },
  ],
  ['set', set],
  ['shift', shift],
  ['trap', () => 0],
  ['unset', unset],
]);

export const builtins: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ['true', () => 0],
  ['false', () => 1],
  ['cd', changeDirectory],
  ['pwd', (shell, _, { out }) => (out.line(shell.tree.cwd), 0)],
  ['echo', echo],
  ['printf', (_, args, { out }) => printf(args, out)],
  ['test', (shell, args) => test(args, shell.tree)],
  [
    '[',
    (shell, args) => {
      if (args.at(-1) !== ']') throw new CommandFault('missing ]', 2);
      return test(args.slice(0, -1), shell.tree);
    },
  ],
  ['read', read],
  ['local', local],
  ['command', command],
  ['type', (shell, args, { out }) => (args.every((name) => describe(shell, name, out, true)) ? 0 : 1)],
  ['umask', (_, args, { out }) => (args.length === 0 && out.line('0022'), 0)],
  ['help', help],
  ['wait', () => 0],
  ['times', (_, __, { out }) => (out.text('0m0s 0m0s\n0m0s 0m0s\n'), 0)],
]);

function help(_: Interpreter, __: readonly string[], { out }: Streams): number {
  const own = [...special_builtins.keys(), ...builtins.keys()].sort();
  out.text(`This image has no shell; this one comes with Wherry.\n\nBuilt in: ${own.join(' ')}\n\n`);
  out.text(`Where the image has none: ${toolNames().join(' ')}\n`);
  return 0;
}

function numberOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(text)) throw new CommandFault(`Illegal number: ${text}`, 2);
  return Number(text);
}

function leave(way: 'break' | 'continue', args: readonly string[]): never {
  throw new Leave(way, Math.max(1, numberOf(args[0], 1)));
}

function source(shell: Interpreter, args: readonly string[], streams: Streams): number {
  const [name] = args;
  if (name === undefined) throw new CommandFault('.: a file is needed', 2);
  const path = name.includes('/') ? name : (shell.findProgram(name) ?? name);
  try {
    return shell.source(shell.tree.readText(path, shell_script_bytes_max), streams);
  } catch (error) {
    if (error instanceof Leave && error.way === 'return') return error.count;
    throw error;
  }
}

function execute(shell: Interpreter, args: readonly string[], streams: Streams): number {
  const [name, ...rest] = args;
  if (name === undefined) throw new CommandFault('exec: redirecting the shell itself is not there', 2);
  throw new Exit(shell.invoke(name, rest, streams));
}

function mark(
  shell: Interpreter,
  args: readonly string[],
  { out }: Streams,
  name: string,
  marks: { readonly exported?: boolean; readonly read_only?: boolean },
): number {
  const words = args.filter((arg) => arg !== '-p');
  if (words.length === 0)
    for (const entry of shell.variables.environment()) {
      const at = entry.indexOf('=');
      out.line(`${name} ${entry.slice(0, at)}=${singleQuoted(entry.slice(at + 1))}`);
    }
  for (const word of words) {
    const at = word.indexOf('=');
    const variable = at < 0 ? word : word.slice(0, at);
    if (!/^[A-Za-z_]\w*$/.test(variable)) throw new CommandFault(`${name}: ${variable}: bad variable name`, 2);
    if (at >= 0) shell.variables.set(variable, word.slice(at + 1));
    shell.variables.mark(variable, marks);
  }
  return 0;
}

function singleQuoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const flags = { e: 'errexit', u: 'nounset', x: 'xtrace', f: 'noglob' } as const;

function set(shell: Interpreter, args: readonly string[], { out }: Streams): number {
  if (args.length === 0) {
    for (const name of shell.variables.names()) out.line(`${name}=${singleQuoted(shell.variables.get(name)!)}`);
    return 0;
  }
  for (const [i, arg] of args.entries()) {
    if (arg === '--') {
      shell.variables.positional = args.slice(i + 1);
      return 0;
    }
    if (!/^[-+]./.test(arg)) {
      // The name of an option behind `-o`.
      if (/^[-+]o$/.test(args[i - 1] ?? '')) continue;
      shell.variables.positional = args.slice(i);
      return 0;
    }
    const on = arg.startsWith('-');
    for (const letter of arg.slice(1)) {
      const name = letter === 'o' ? args[i + 1] : flags[letter as 'e'];
      if (name !== undefined && Object.hasOwn(shell.options, name)) shell.options[name as 'errexit'] = on;
    }
  }
  return 0;
}

function shift(shell: Interpreter, args: readonly string[]): number {
  const count = numberOf(args[0], 1);
  const { positional } = shell.variables;
  if (count > positional.length) return 1;
  shell.variables.positional = positional.slice(count);
  return 0;
}

function unset(shell: Interpreter, args: readonly string[]): number {
  for (const name of args.filter((arg) => !arg.startsWith('-'))) {
    if (args[0] === '-f') shell.functions.delete(name);
    else shell.variables.unset(name);
  }
  return 0;
}

function changeDirectory(shell: Interpreter, args: readonly string[], { out }: Streams): number {
  const { tree, variables } = shell;
  const asked = args.find((arg) => arg === '-' || !arg.startsWith('-'));
  const path = asked === '-' ? variables.get('OLDPWD') : (asked ?? variables.get('HOME'));
  if (path === undefined) throw new CommandFault(asked === '-' ? 'OLDPWD not set' : 'HOME not set');
  const found = tree.find(path);
  if (found === null) throw new CommandFault(`can't cd to ${path}: No such file or directory`);
  if (!tree.isDirectory(path)) throw new CommandFault(`can't cd to ${path}: Not a directory`);
  variables.set('OLDPWD', tree.cwd);
  tree.cwd = tree.absolute(path);
  variables.set('PWD', tree.cwd);
  if (asked === '-') out.line(tree.cwd);
  return 0;
}

function echo(_: Interpreter, args: readonly string[], { out }: Streams): number {
  let words = args;
  let newline = true;
  let escapes = false;
  while (/^-[neE]+$/.test(words[0] ?? '')) {
    if (words[0]!.includes('n')) newline = false;
    if (words[0]!.includes('e')) escapes = true;
    words = words.slice(1);
  }
  const text = words.join(' ');
  const { text: printed, ended } = escapes ? withEscapes(text) : { text, ended: false };
  out.text(newline && !ended ? `${printed}\n` : printed);
  return 0;
}

function read(shell: Interpreter, args: readonly string[], streams: Streams): number {
  let raw = false;
  const names: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === '-p') streams.err.text(args[++i] ?? '');
    else if (arg === '-r') raw = true;
    else if (arg.startsWith('-')) throw new CommandFault(`Illegal option ${arg}`, 2);
    else names.push(arg);
  }
  let text = '';
  let found = false;
  for (;;) {
    const line = streams.in.line();
    if (line === null) break;
    const piece = toText(line);
    found = piece.endsWith('\n');
    text += piece.replace(/\n$/, '');
    if (raw || !found || !/(?:^|[^\\])(?:\\\\)*\\$/.test(text)) break;
    text = text.slice(0, -1);
  }
  if (!raw) text = text.replace(/\\(.)/g, '$1');
  const separators = shell.variables.get('IFS') ?? ' \t\n';
  const wanted = names.length === 0 ? ['REPLY'] : names;
  let left = trimStart(text, separators);
  for (const [i, name] of wanted.entries()) {
    const last = i === wanted.length - 1;
    const end = last ? -1 : Array.from(left).findIndex((char) => separators.includes(char));
    const value = end < 0 ? left : left.slice(0, end);
    shell.variables.set(name, last ? trimEnd(value, separators) : value);
    left = end < 0 ? '' : trimStart(left.slice(end + 1), separators);
  }
  return found ? 0 : 1;
}

function trimStart(text: string, separators: string): string {
  let at = 0;
  while (at < text.length && separators.includes(text[at]!) && ' \t\n'.includes(text[at]!)) at++;
  return text.slice(at);
}

function trimEnd(text: string, separators: string): string {
  let end = text.length;
  while (end > 0 && separators.includes(text[end - 1]!) && ' \t\n'.includes(text[end - 1]!)) end--;
  return text.slice(0, end);
}

function local(shell: Interpreter, args: readonly string[]): number {
  const frame = shell.locals.at(-1);
  if (frame === undefined) throw new CommandFault('not in a function', 2);
  for (const arg of args) {
    const at = arg.indexOf('=');
    const name = at < 0 ? arg : arg.slice(0, at);
    frame.push(shell.variables.keep([name]));
    if (at >= 0) shell.variables.set(name, arg.slice(at + 1));
  }
  return 0;
}

function command(shell: Interpreter, args: readonly string[], streams: Streams): number {
  const [first, ...rest] = args;
  if (first === undefined) return 0;
  if (first === '-v' || first === '-V')
    return rest.every((name) => describe(shell, name, streams.out, first === '-V')) ? 0 : 127;
  return shell.invoke(first, rest, streams);
}

function describe(shell: Interpreter, name: string, out: Streams['out'], words: boolean): boolean {
  const found = shell.whatIs(name);
  if (found === null) {
    if (words) out.line(`${name}: not found`);
    return false;
  }
  if (words) out.line(`${name} is ${found.kind === 'program' ? found.path : `a ${found.kind}`}`);
  else out.line(found.kind === 'program' ? found.path : name);
  return true;
}
