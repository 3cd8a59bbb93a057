import { shell_script_bytes_max } from '../limits/index.ts';
import { builtins } from './builtins/index.ts';
import { Exit, Interrupted } from './errors.ts';
import type { ShellHost } from './host.ts';
import { Interpreter, shell_names } from './interpreter.ts';
import { type Streams, toText } from './streams.ts';
import { SyntaxFault } from './syntax/parse.ts';
import { findTool } from './commands/index.ts';

/** Where programs are looked for that an image may not have. */
const usual_folders = /^(?:\/(?:usr\/(?:local\/)?)?s?bin\/)?([^/]+)$/;

/** The name of what is run here for a command of that name: a shell, a tool; null for none. */
function nameOf(command: string): string | null {
  const name = usual_folders.exec(command)?.[1];
  if (name === undefined) return null;
  return shell_names.has(name) || builtins.has(name) || findTool(name) !== null ? name : null;
}

/** Whether `runShell` knows the command. */
export function provides(command: string): boolean {
  return nameOf(command) !== null;
}

/**
 * Runs a command that the image has no program for: `sh`, with what it is given, or a tool. Gives its exit code. Blocks.
 */
export function runShell(host: ShellHost, args: readonly string[], streams: Streams): number {
  const [command = 'sh', ...rest] = args;
  const name = nameOf(command) ?? 'sh';
  const interpreter = new Interpreter(host, name, []);
  if (!shell_names.has(name)) return interpreter.isolated((shell) => shell.invoke(name, rest, streams), streams) & 255;
  return asked(interpreter, rest, streams) & 255;
}

/** `sh [-eufx] [-c COMMAND [NAME [ARGUMENT...]] | FILE [ARGUMENT...]]`; without either what comes on stdin. */
function asked(shell: Interpreter, args: readonly string[], streams: Streams): number {
  let at = 0;
  let command = false;
  let interactive = false;
  let from_stdin = false;
  for (; /^[-+]./.test(args[at] ?? ''); at++) {
    const arg = args[at]!;
    if (arg === '--') {
      at++;
      break;
    }
    // Long options of bash: none of them means anything here.
    if (arg.startsWith('--')) continue;
    const on = arg.startsWith('-');
    for (const letter of arg.slice(1)) {
      if (letter === 'c') command = true;
      else if (letter === 'i') interactive = true;
      else if (letter === 's') from_stdin = true;
      else if (letter === 'o') at++;
      else if (letter === 'e') shell.options.errexit = on;
      else if (letter === 'u') shell.options.nounset = on;
      else if (letter === 'x') shell.options.xtrace = on;
      else if (letter === 'f') shell.options.noglob = on;
      else if (letter !== 'l') {
        streams.err.line(`${shell.name}: Illegal option -${letter}`);
        return 2;
      }
    }
  }
  const rest = args.slice(at);
  if (command) {
    const [text, name = shell.name, ...positional] = rest;
    if (text === undefined) {
      streams.err.line(`${shell.name}: -c requires an argument`);
      return 2;
    }
    shell.name = name;
    shell.variables.positional = positional;
    return shell.isolated((own) => own.source(text, streams), streams);
  }
  const [path, ...positional] = rest;
  if (path !== undefined && !from_stdin) {
    shell.name = path;
    shell.variables.positional = positional;
    return shell.isolated((own) => own.source(own.tree.readText(path, shell_script_bytes_max), streams), streams);
  }
  shell.variables.positional = rest;
  shell.host.interactive = interactive || streams.in.terminal;
  return typed(shell, streams);
}

/** Reads commands line by line and runs each as soon as it is whole; gives how the last one ended. */
function typed(shell: Interpreter, streams: Streams): number {
  const { host } = shell;
  let text = '';
  const prompt = (): void => {
    if (host.interactive) streams.err.text(text === '' ? (shell.variables.get('PS1') ?? `${shell.tree.cwd} # `) : '> ');
  };
  for (;;) {
    let line: Uint8Array | null;
    try {
      prompt();
      line = streams.in.line();
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error;
      streams.err.text('\n');
      text = '';
      shell.status = 130;
      continue;
    }
    if (line !== null) text += toText(line);
    if (line === null && host.interactive) streams.err.text('\n');
    try {
      if (text.trim() !== '') shell.status = shell.source(text, streams);
      text = '';
    } catch (error) {
      if (error instanceof Exit) return error.status;
      if (error instanceof SyntaxFault && error.unfinished && line !== null) continue;
      text = '';
      shell.status = failed(shell, error, streams);
      if (!host.interactive && error instanceof SyntaxFault) return shell.status;
    }
    if (line === null) return shell.status;
  }
}

function failed(shell: Interpreter, error: unknown, streams: Streams): number {
  if (error instanceof Interrupted) {
    streams.err.text('\n');
    return 130;
  }
  return shell.isolated(() => {
    throw error;
  }, streams);
}
