import { shell_depth_max, shell_script_bytes_max } from '../limits/index.ts';
import { filetype } from '../wasi/index.ts';
import { type Builtin, builtins, special_builtins } from './builtins/index.ts';
import { CommandFault, errnoName, Exit, Leave, reasonOf } from './errors.ts';
import { expandPattern, expandText, expandWords, type ExpandContext } from './expand.ts';
import type { ShellHost } from './host.ts';
import { patternExpression } from './pattern.ts';
import { Input, Kept, Output, type Streams, toText } from './streams.ts';
import { parse, SyntaxFault } from './syntax/parse.ts';
import type { Assignment, Command, List, Pipeline, Redirect, Redirected } from './syntax/tree.ts';
import { findTool, type Tool } from './commands/index.ts';
import { Tree } from './tree.ts';
import { Variables } from './variables.ts';

export interface Options {
  /** `set -e`, `-u`, `-x`, `-f`. */
  errexit: boolean;
  nounset: boolean;
  xtrace: boolean;
  noglob: boolean;
}

/** Where programs are that an image may not have: a tool stands in for one that is named so. */
const usual_folders = /^\/(?:usr\/(?:local\/)?)?s?bin\/([^/]+)$/;

/** Names under which a shell is looked for. */
export const shell_names: ReadonlySet<string> = new Set(['sh', 'bash', 'ash', 'dash', 'wherry-sh']);

/** A shell: runs commands, one after the other, on the files of its container. */
export class Interpreter {
  readonly host: ShellHost;
  readonly tree: Tree;
  variables: Variables;
  readonly functions: Map<string, Redirected>;
  readonly options: Options;
  /** `$0`. */
  name: string;
  /** `$?`. */
  status = 0;
  /** Commands whose failure is asked about, and ends nothing. */
  #asked = 0;
  #depth = 0;
  /** Names that a function has for itself, innermost last. */
  readonly locals: (() => void)[][] = [];

  constructor(host: ShellHost, name: string, positional: readonly string[]) {
    this.host = host;
    this.tree = new Tree(host.files, host.cwd);
    this.variables = new Variables(host.env, positional);
    this.functions = new Map();
    this.options = { errexit: false, nounset: false, xtrace: false, noglob: false };
    this.name = name;
  }

  /** Another shell that begins as this one is. */
  fork(): Interpreter {
    const fork = new Interpreter(this.host, this.name, []);
    fork.variables = this.variables.copy();
    for (const [name, body] of this.functions) fork.functions.set(name, body);
    Object.assign(fork.options, this.options);
    fork.tree.cwd = this.tree.cwd;
    fork.status = this.status;
    fork.#depth = this.#depth;
    fork.#asked = this.#asked;
    return fork;
  }

  /**
   * Runs a script.
   *
   * @throws Exit when it says so; SyntaxFault when it is none
   */
  source(text: string, streams: Streams): number {
    return this.run(parse(text), streams);
  }

  run(list: List, streams: Streams): number {
    for (const { first, rest } of list) {
      this.host.demandGoOn();
      let decides = rest.length > 0;
      let status = this.#pipeline(first, streams, decides);
      for (const [i, { when, pipeline }] of rest.entries()) {
        if ((when === '&&') !== (status === 0)) continue;
        decides = i < rest.length - 1;
        status = this.#pipeline(pipeline, streams, decides);
      }
    }
    return this.status;
  }

  /** `asked`: what comes next depends on how it ends. */
  #pipeline({ negated, commands }: Pipeline, streams: Streams, asked: boolean): number {
    if (negated || asked) this.#asked++;
    try {
      this.status = commands.length === 1 ? this.command(commands[0]!, streams) : this.#piped(commands, streams);
    } finally {
      if (negated || asked) this.#asked--;
    }
    if (negated) this.status = this.status === 0 ? 1 : 0;
    else if (this.status !== 0 && this.options.errexit && this.#asked === 0 && !asked) throw new Exit(this.status);
    return this.status;
  }

  /** Each in a shell of its own; what one prints is kept for the next. */
  #piped(commands: readonly Redirected[], streams: Streams): number {
    let input = streams.input(0);
    let status = 0;
    for (const [i, command] of commands.entries()) {
      const kept = i < commands.length - 1 ? new Kept() : null;
      let own = input === null ? streams : streams.with(0, input, null);
      if (kept !== null) own = own.with(1, null, kept);
      status = this.fork().isolated((shell) => shell.command(command, own), own);
      if (kept !== null) input = Input.ofBytes(kept.bytes());
    }
    return status;
  }

  /** Runs in this shell what may end it: gives how it ended. */
  isolated(act: (shell: Interpreter) => number, streams: Streams): number {
    try {
      return act(this);
    } catch (error) {
      if (error instanceof Exit) return error.status;
      if (error instanceof Leave) return error.way === 'return' ? error.count : this.status;
      if (error instanceof SyntaxFault) {
        streams.err.line(`${this.name}: ${error.message}`);
        return 2;
      }
      streams.err.line(`${this.name}: ${reasonOf(error)}`);
      return error instanceof CommandFault ? error.status : 1;
    }
  }

  /** What a list of commands prints, without the newlines at its end. */
  output(list: List, streams: Streams): string {
    const kept = new Kept();
    const own = streams.with(1, null, kept);
    this.status = this.fork().isolated((shell) => shell.run(list, own), own);
    return toText(kept.bytes()).replace(/\n+$/, '').replaceAll('\0', '');
  }

  command({ command, redirects }: Redirected, streams: Streams): number {
    if (++this.#depth > shell_depth_max) throw new CommandFault('commands call each other too deeply', 2);
    const opened: (() => void)[] = [];
    try {
      if (command.kind === 'simple') return this.#simple(command, redirects, streams, opened);
      return this.#compound(command, this.#redirected(redirects, streams, opened));
    } catch (error) {
      if (error instanceof Exit || error instanceof Leave || error instanceof SyntaxFault) throw error;
      const fatal = error instanceof CommandFault && error.status === 2 && command.kind === 'simple';
      streams.err.line(`${this.name}: ${reasonOf(error)}`);
      // What a shell cannot expand ends it, unless somebody types.
      if (fatal && !this.host.interactive) throw new Exit(2);
      return error instanceof CommandFault ? error.status : 1;
    } finally {
      for (const close of opened) close();
      this.#depth--;
    }
  }

  #compound(command: Exclude<Command, { kind: 'simple' }>, streams: Streams): number {
    switch (command.kind) {
      case 'group':
        return this.run(command.list, streams);
      case 'subshell':
        return this.fork().isolated((shell) => shell.run(command.list, streams), streams);
      case 'function':
        this.functions.set(command.name, command.body);
        return 0;
      case 'if':
        for (const { condition, body } of command.branches)
          if (this.#condition(condition, streams) === 0) return this.#body(body, streams);
        return command.otherwise === null ? 0 : this.#body(command.otherwise, streams);
      case 'loop': {
        let status = 0;
        this.#loop(() => {
          if ((this.#condition(command.condition, streams) === 0) === command.until) return false;
          status = this.#body(command.body, streams);
          return true;
        });
        return status;
      }
      case 'for': {
        const words = command.words === null ? this.variables.positional : this.expand(command.words, streams);
        let status = 0;
        let at = 0;
        this.#loop(() => {
          const word = words[at++];
          if (word === undefined) return false;
          this.variables.set(command.name, word);
          status = this.#body(command.body, streams);
          return true;
        });
        return status;
      }
      case 'case': {
        const context = this.#context(streams);
        const subject = expandText(command.subject, context);
        for (const { patterns, body } of command.branches)
          for (const pattern of patterns)
            if (patternExpression(expandPattern(pattern, context)).test(subject)) return this.#body(body, streams);
        return 0;
      }
    }
  }

  /** The status of commands that may be none. */
  #body(list: List, streams: Streams): number {
    return list.length === 0 ? 0 : this.run(list, streams);
  }

  #condition(list: List, streams: Streams): number {
    this.#asked++;
    try {
      return this.run(list, streams);
    } finally {
      this.#asked--;
    }
  }

  /** Goes round until `turn` says no, or something inside leaves. */
  #loop(turn: () => boolean): void {
    for (;;) {
      this.host.demandGoOn();
      try {
        if (!turn()) return;
      } catch (error) {
        if (!(error instanceof Leave) || error.way === 'return') throw error;
        if (--error.count > 0) throw error;
        if (error.way === 'break') return;
      }
    }
  }

  #simple(
    { assignments, words }: Command & { kind: 'simple' },
    redirects: readonly Redirect[],
    streams: Streams,
    opened: (() => void)[],
  ): number {
    const before = this.status;
    const fields = this.expand(words, streams);
    const [name, ...args] = fields;
    if (name === undefined) {
      this.status = 0;
      this.#assign(assignments, streams);
      this.#redirected(redirects, streams, opened);
      // A command substitution among them says how it went.
      return this.status;
    }
    if (this.options.xtrace) streams.err.line(`+ ${fields.join(' ')}`);
    this.status = before;
    const own = this.#redirected(redirects, streams, opened);
    const special = special_builtins.get(name);
    if (special !== undefined) {
      this.#assign(assignments, own);
      return special(this, args, own);
    }
    const restore = this.variables.keep(assignments.map((each) => each.name));
    try {
      this.#assign(assignments, own);
      for (const each of assignments) this.variables.mark(each.name, { exported: true });
      const body = this.functions.get(name);
      return body === undefined ? this.invoke(name, args, own) : this.#call(body, args, own);
    } finally {
      restore();
    }
  }

  #assign(assignments: readonly Assignment[], streams: Streams): void {
    for (const { name, value } of assignments) this.variables.set(name, expandText(value, this.#context(streams)));
  }

  #call(body: Redirected, args: readonly string[], streams: Streams): number {
    const { positional } = this.variables;
    this.variables.positional = args;
    this.locals.push([]);
    try {
      return this.command(body, streams);
    } catch (error) {
      if (error instanceof Leave && error.way === 'return') return error.count;
      throw error;
    } finally {
      for (const restore of this.locals.pop()!.reverse()) restore();
      this.variables.positional = positional;
    }
  }

  /** Runs a command that is no function: a builtin, a program of the image, a tool. */
  invoke(name: string, args: readonly string[], streams: Streams): number {
    const builtin: Builtin | undefined = special_builtins.get(name) ?? builtins.get(name);
    try {
      if (builtin !== undefined) return builtin(this, args, streams);
      const path = this.findProgram(name);
      if (path !== null) return this.#program(path, [name, ...args], streams);
      const tool = toolNamed(name);
      if (tool !== null) return this.#tool(tool, name, args, streams);
      const short = usual_folders.exec(name)?.[1] ?? name;
      if (shell_names.has(short)) return this.fork().isolated((shell) => shell.asShell(args, streams), streams);
    } catch (error) {
      if (error instanceof Exit || error instanceof Leave || error instanceof SyntaxFault) throw error;
      streams.err.line(`${name}: ${reasonOf(error)}`);
      return error instanceof CommandFault ? error.status : 1;
    }
    const found = name.includes('/') ? this.tree.find(name) : null;
    if (found === null) {
      streams.err.line(`${this.name}: ${name}: ${name.includes('/') ? 'No such file or directory' : 'not found'}`);
      return 127;
    }
    streams.err.line(
      `${this.name}: ${name}: ${found.type === filetype.directory ? 'Is a directory' : 'Permission denied'}`,
    );
    return 126;
  }

  /** What stands behind a name; null for nothing. */
  whatIs(
    name: string,
  ): { readonly kind: 'function' | 'builtin' | 'tool' } | { readonly kind: 'program'; readonly path: string } | null {
    if (this.functions.has(name)) return { kind: 'function' };
    if (special_builtins.has(name) || builtins.has(name)) return { kind: 'builtin' };
    const path = this.findProgram(name);
    if (path !== null) return { kind: 'program', path };
    return toolNamed(name) !== null || shell_names.has(name) ? { kind: 'tool' } : null;
  }

  /** The path of a program of the image, `.wasm` added where it is needed; null when there is none. */
  findProgram(name: string): string | null {
    const search = this.variables.get('PATH') ?? '';
    const places = name.includes('/')
      ? [name]
      : search.split(':').map((folder) => `${folder === '' ? '.' : folder}/${name}`);
    for (const place of places)
      for (const path of place.endsWith('.wasm') ? [place] : [place, `${place}.wasm`])
        if (this.tree.find(path)?.type === filetype.regular_file) return this.tree.absolute(path);
    return null;
  }

  #program(path: string, argv: readonly string[], streams: Streams): number {
    const file = this.tree.openToRead(path);
    const head = new Uint8Array(128);
    const bytes = file.read([head]) as number;
    file.close();
    const start = head.subarray(0, bytes);
    if (start[0] === 0 && toText(start.subarray(1, 4)) === 'asm')
      return this.host.runProgram({
        path,
        args: argv,
        env: this.variables.environment(),
        cwd: this.tree.cwd,
        streams,
      });
    const interpreter = /^#! *(?:\S*\/)?(?:env +)?([\w.-]+)/.exec(toText(start))?.[1];
    if (start.includes(0) || (interpreter !== undefined && !shell_names.has(interpreter)))
      throw new CommandFault('exec format error', 126);
    const text = this.tree.readText(path, shell_script_bytes_max);
    const shell = this.fork();
    shell.name = path;
    shell.functions.clear();
    shell.variables.positional = argv.slice(1);
    return shell.isolated((own) => own.source(text, streams), streams);
  }

  #tool(tool: Tool, name: string, args: readonly string[], streams: Streams): number {
    return tool(
      {
        name: name.split('/').at(-1)!,
        streams,
        tree: this.tree,
        host: this.host,
        variables: this.variables,
        run: (command, own) => this.fork().isolated((shell) => shell.invoke(command[0]!, command.slice(1), own), own),
      },
      args,
    );
  }

  /** What `sh ARG...` does inside a shell. */
  asShell(args: readonly string[], streams: Streams): number {
    this.functions.clear();
    if (args[0] === '-c') {
      this.name = args[2] ?? this.name;
      this.variables.positional = args.slice(3);
      return this.source(args[1] ?? '', streams);
    }
    const path = args.find((arg) => !arg.startsWith('-'));
    if (path === undefined) return this.source(toText(streams.in.all()), streams);
    this.name = path;
    this.variables.positional = args.slice(args.indexOf(path) + 1);
    return this.source(this.tree.readText(path, shell_script_bytes_max), streams);
  }

  expand(words: Parameters<typeof expandWords>[0], streams: Streams): string[] {
    return expandWords(words, this.#context(streams));
  }

  #context(streams: Streams): ExpandContext {
    return {
      variables: this.variables,
      tree: this.tree,
      options: this.options,
      special: (name) => {
        switch (name) {
          case '?':
            return String(this.status);
          case '#':
            return String(this.variables.positional.length);
          case '0':
            return this.name;
          case '$':
            return '1';
          case '!':
            return '';
          case '-':
            return '';
          default:
            return undefined;
        }
      },
      output: (list) => this.output(list, streams),
    };
  }

  #redirected(redirects: readonly Redirect[], streams: Streams, opened: (() => void)[]): Streams {
    let own = streams;
    for (const { fd, operator, target } of redirects) {
      const context = this.#context(own);
      const text = expandText(target, context);
      if (operator === '<<') own = own.with(fd, Input.ofBytes(new TextEncoder().encode(text)), null);
      else if (operator === '<&' || operator === '>&') own = duplicated(own, fd, text);
      else own = this.#opened(own, fd, operator, text, opened);
    }
    return own;
  }

  #opened(
    streams: Streams,
    fd: number,
    operator: '<' | '>' | '>>' | '>|' | '<>',
    path: string,
    opened: (() => void)[],
  ): Streams {
    try {
      if (operator === '<') {
        const file = this.tree.openToRead(path);
        opened.push(() => file.close());
        return streams.with(fd, Input.ofFile(file), null);
      }
      const file = this.tree.openToWrite(path, operator === '>>' || operator === '<>');
      opened.push(() => file.close());
      return streams.with(fd, null, Output.ofFile(file));
    } catch (error) {
      if (errnoName(error) === null) throw error;
      throw new CommandFault(`can't open ${path}: ${reasonOf(error)}`);
    }
  }
}

function duplicated(streams: Streams, fd: number, from: string): Streams {
  if (from === '-') return streams.with(fd, null, null);
  const number = /^\d$/.test(from) ? Number(from) : -1;
  const input = streams.input(number);
  const output = streams.output(number);
  if (input === null && output === null) throw new CommandFault(`${from}: bad file descriptor`);
  return streams.with(fd, input, output);
}

/** The tool of that name, also where it is looked for at one of the usual places. */
function toolNamed(name: string): Tool | null {
  return findTool(usual_folders.exec(name)?.[1] ?? name);
}
