import { CommandFault } from '../errors.ts';
import { toBytes } from '../streams.ts';
import { expressionOf } from './grep.ts';
import { eachInput, readFlags, type Tool } from './tool.ts';

/** A line by number, the last one, or those that match. */
type Address = { readonly line: number } | { readonly last: true } | { readonly expression: RegExp };

interface Step {
  readonly from: Address | null;
  readonly to: Address | null;
  readonly negated: boolean;
  readonly act:
    | {
        readonly kind: 's';
        readonly expression: RegExp;
        readonly text: string;
        readonly nth: number;
        readonly print: boolean;
      }
    | { readonly kind: 'y'; readonly map: ReadonlyMap<string, string> }
    | { readonly kind: 'a' | 'i' | 'c'; readonly text: string }
    | { readonly kind: 'p' | 'd' | 'q' | '=' };
  /** Between the two addresses. */
  inside: boolean;
}

export const sed: Tool = (context, args) => {
  const { streams, tree } = context;
  const flags = readFlags(args, 'nErie:f:s', { quiet: 'n', expression: 'e', 'in-place': 'i', 'regexp-extended': 'E' });
  const operands = [...flags.operands];
  const scripts = [...flags.all('e'), ...flags.all('f').map((path) => tree.readText(path, 1 << 20))];
  if (scripts.length === 0) {
    const script = operands.shift();
    if (script === undefined) throw new CommandFault('a script is missing');
    scripts.push(script);
  }
  const extended = flags.has('E') || flags.has('r');
  const steps = readSteps(scripts.join('\n'), extended);
  let quit = false;
  const edit = (lines: readonly string[], print: (line: string) => void): void => {
    for (const [i, line] of lines.entries()) {
      if (quit) return;
      quit = applied(steps, line, { number: i + 1, last: i === lines.length - 1, quiet: flags.has('n') }, print);
    }
  };
  if (flags.has('i'))
    return eachInput(context, operands, (input, path) => {
      const out: string[] = [];
      edit([...input.lines()], (line) => void out.push(`${line}\n`));
      tree.write(path, toBytes(out.join('')));
    });
  const all: string[] = [];
  const status = eachInput(context, operands, (input) => void all.push(...input.lines()));
  edit(all, (line) => streams.out.line(line));
  return status;
};

/** Gives whether nothing more is to be read. */
function applied(
  steps: readonly Step[],
  line: string,
  place: { readonly number: number; readonly last: boolean; readonly quiet: boolean },
  print: (line: string) => void,
): boolean {
  let space = line;
  const after: string[] = [];
  const end = (quit: boolean): boolean => {
    if (!place.quiet) print(space);
    for (const each of after) print(each);
    return quit;
  };
  for (const step of steps) {
    if (chosen(step, space, place) === step.negated) continue;
    const { act } = step;
    switch (act.kind) {
      case 's': {
        let seen = 0;
        let changed = false;
        space = space.replace(act.expression, (...found: unknown[]) => {
          const groups = found.slice(
            0,
            found.findIndex((each) => typeof each === 'number'),
          ) as (string | undefined)[];
          if (++seen < act.nth) return groups[0]!;
          changed = true;
          return replacement(act.text, groups);
        });
        if (changed && act.print) print(space);
        break;
      }
      case 'y':
        space = Array.from(space)
          .map((char) => act.map.get(char) ?? char)
          .join('');
        break;
      case 'p':
        print(space);
        break;
      case '=':
        print(String(place.number));
        break;
      case 'd':
        for (const each of after) print(each);
        return false;
      case 'q':
        return end(true);
      case 'a':
        after.push(act.text);
        break;
      case 'i':
        print(act.text);
        break;
      case 'c':
        print(act.text);
        return false;
    }
  }
  return end(false);
}

function chosen(step: Step, line: string, place: { readonly number: number; readonly last: boolean }): boolean {
  const { from, to } = step;
  const at = (address: Address): boolean => {
    if ('line' in address) return address.line === place.number;
    if ('last' in address) return place.last;
    address.expression.lastIndex = 0;
    return address.expression.test(line);
  };
  if (from === null) return true;
  if (to === null) return at(from);
  if (step.inside) {
    if (at(to) || ('line' in to && place.number >= to.line)) step.inside = false;
    return true;
  }
  if (!at(from)) return false;
  step.inside = !('line' in to && to.line <= place.number);
  return true;
}

function replacement(text: string, groups: readonly (string | undefined)[]): string {
  return text.replace(/\\(\d)|\\([^])|&/g, (whole, group?: string, escaped?: string) => {
    if (group !== undefined) return groups[Number(group)] ?? '';
    if (escaped !== undefined) return escaped === 'n' ? '\n' : escaped === 't' ? '\t' : escaped;
    return whole === '&' ? groups[0]! : whole;
  });
}

function readSteps(script: string, extended: boolean): readonly Step[] {
  const steps: Step[] = [];
  let at = 0;
  const wrong = (why: string): never => {
    throw new CommandFault(`${why} in "${script}"`);
  };

  function delimited(end: string): string {
    let text = '';
    for (; at < script.length && script[at] !== end; at++) {
      if (script[at] === '\\' && script[at + 1] === end) at++;
      else if (script[at] === '\\') text += script[at++]!;
      text += script[at] ?? '';
    }
    if (script[at++] !== end) wrong('an expression is not ended');
    return text;
  }

  function address(): Address | null {
    const [number] = /^\d{1,9}/.exec(script.slice(at)) ?? [];
    if (number !== undefined) {
      at += number.length;
      return { line: Number(number) };
    }
    if (script[at] === '$') {
      at++;
      return { last: true };
    }
    if (script[at] !== '/') return null;
    at++;
    return { expression: expressionOf(delimited('/'), extended, 'g') };
  }

  for (;;) {
    at += /^[\s;]*/.exec(script.slice(at))![0].length;
    if (at >= script.length) return steps;
    if (script[at] === '#') {
      at = (script.indexOf('\n', at) + 1 || script.length + 1) - 1;
      continue;
    }
    const from = address();
    let to: Address | null = null;
    if (from !== null && script[at] === ',') {
      at++;
      to = address() ?? wrong('an address is missing');
    }
    at += /^ */.exec(script.slice(at))![0].length;
    const negated = script[at] === '!';
    if (negated) at++;
    const kind = script[at++] ?? '';
    steps.push({ from, to, negated, act: action(kind), inside: false });
  }

  function action(kind: string): Step['act'] {
    switch (kind) {
      case 's': {
        const end = script[at++] ?? wrong('an expression is missing');
        const pattern = delimited(end);
        const text = delimited(end);
        const [options] = /^[gpiI\d]*/.exec(script.slice(at))!;
        at += options.length;
        const nth = Number(/\d+/.exec(options)?.[0] ?? 1);
        const all = options.includes('g') || nth > 1;
        const expression = expressionOf(pattern, extended, `${all ? 'g' : ''}${/[iI]/.test(options) ? 'i' : ''}`);
        return { kind, expression, text, nth, print: options.includes('p') };
      }
      case 'y': {
        const end = script[at++] ?? wrong('a set is missing');
        const [a, b] = [Array.from(delimited(end)), Array.from(delimited(end))];
        if (a.length !== b.length) wrong('sets of different lengths');
        return { kind, map: new Map(a.map((char, i) => [char, b[i]!])) };
      }
      case 'a':
      case 'i':
      case 'c': {
        const [whole, text] = /^\\?\s*([^\n]*)/.exec(script.slice(at))!;
        at += whole.length;
        return { kind, text: text! };
      }
      case 'p':
      case 'd':
      case 'q':
      case '=':
        return { kind };
      default:
        return wrong(`the command "${kind}" is not there`);
    }
  }
}
