import { WherryError } from '../errors/index.ts';

/** A compiled `--format`: gives the text of one object. */
export type Template = (object: unknown) => string;

type Expression = (root: unknown, scope: readonly unknown[]) => unknown;
type Node = (root: unknown, scope: readonly unknown[]) => string;

/**
 * Compiles the part of Go's templates that Docker's users write: `{{.Field.Sub}}`, `{{json .}}`, `{{range}}`,
 * `{{if}}`/`{{else}}`, `{{with}}`, pipes, and the functions join, lower, upper, len, index, println, truncate, split,
 * eq, ne, not, or, and. `json` alone stands for `{{json .}}`.
 *
 * @throws WherryError InvalidArgument naming what cannot be read
 */
export function compileTemplate(source: string): Template {
  const text = source === 'json' ? '{{json .}}' : unescape(source);
  const tokens = text.split(/(\{\{-?[\s\S]*?-?\}\})/);
  let at = 0;

  function block(...ends: string[]): { nodes: Node[]; end: string } {
    const nodes: Node[] = [];
    while (at < tokens.length) {
      const token = tokens[at++]!;
      if (!token.startsWith('{{')) {
        nodes.push(() => token);
        continue;
      }
      const inside = token
        .replace(/^\{\{-?/, '')
        .replace(/-?\}\}$/, '')
        .trim();
      const [word] = inside.split(/\s+/, 1);
      if (word !== undefined && ends.includes(word)) return { nodes, end: inside };
      if (word === 'range' || word === 'if' || word === 'with') nodes.push(control(word, inside.slice(word.length)));
      else if (inside.startsWith('/*')) continue;
      else {
        const value = pipeline(inside);
        nodes.push((root, scope) => show(value(root, scope)));
      }
    }
    if (ends.length > 0) throw wrong(source, 'unexpected end, {{end}} is missing');
    return { nodes, end: '' };
  }

  function control(word: 'range' | 'if' | 'with', condition: string): Node {
    const value = pipeline(condition.trim());
    const then = block('else', 'end');
    let otherwise: Node[] = [];
    if (then.end.startsWith('else if')) otherwise = [control('if', then.end.slice('else if'.length))];
    else if (then.end === 'else') otherwise = block('end').nodes;
    const all = (nodes: readonly Node[], root: unknown, scope: readonly unknown[]): string =>
      nodes.map((node) => node(root, scope)).join('');
    return (root, scope) => {
      const found = value(root, scope);
      if (!truthy(found)) return all(otherwise, root, scope);
      if (word === 'range')
        return (Array.isArray(found) ? found : Object.values(found as object))
          .map((each: unknown) => all(then.nodes, root, [...scope, each]))
          .join('');
      return all(then.nodes, root, word === 'with' ? [...scope, found] : scope);
    };
  }

  function pipeline(inside: string): Expression {
    const stages = splitTop(inside, '|').map((stage) => splitTop(stage.trim(), ' ').filter((part) => part !== ''));
    if (stages.some((stage) => stage.length === 0)) throw wrong(source, `"${inside}" has an empty part`);
    return (root, scope) => {
      let piped: unknown[] = [];
      for (const [word, ...rest] of stages) {
        const given = [...rest.map((part) => operand(part)(root, scope)), ...piped];
        const call = functions[word!];
        piped = [call === undefined ? operand(word!)(root, scope) : call(given)];
      }
      return piped[0];
    };
  }

  function operand(part: string): Expression {
    if (part.startsWith('(') && part.endsWith(')')) return pipeline(part.slice(1, -1));
    if (/^"(?:[^"\\]|\\.)*"$/.test(part)) {
      const value = JSON.parse(part) as string;
      return () => value;
    }
    if (/^`[^`]*`$/.test(part)) return () => part.slice(1, -1);
    if (/^-?\d+(\.\d+)?$/.test(part)) return () => Number(part);
    if (part === 'true' || part === 'false') return () => part === 'true';
    if (part === 'nil') return () => null;
    const from_root = part.startsWith('$');
    const path = from_root ? part.slice(1) : part;
    if (path !== '' && !path.startsWith('.')) throw wrong(source, `function "${part}" not defined`);
    const names = path.split('.').filter((name) => name !== '');
    return (root, scope) => {
      let value: unknown = from_root ? root : scope.at(-1);
      for (const name of names) {
        if (value === null || value === undefined) return undefined;
        if (typeof value !== 'object' || !Object.hasOwn(value, name)) {
          if (typeof value === 'object' && Object.getPrototypeOf(value) === null) return undefined;
          throw wrong(source, `can't evaluate field ${name}`);
        }
        value = (value as Record<string, unknown>)[name];
      }
      return value;
    };
  }

  const { nodes } = block();
  return (object) => nodes.map((node) => node(object, [object])).join('');
}

const functions: Readonly<Record<string, (given: readonly unknown[]) => unknown>> = {
  json: ([value]) => JSON.stringify(value ?? null),
  join: ([list, separator]) => ((list as unknown[] | null) ?? []).map(show).join(String(separator)),
  lower: ([value]) => show(value).toLowerCase(),
  upper: ([value]) => show(value).toUpperCase(),
  title: ([value]) => show(value).replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
  split: ([value, separator]) => show(value).split(String(separator)),
  truncate: ([value, length]) => show(value).slice(0, Number(length)),
  println: (given) => `${given.map(show).join(' ')}\n`,
  print: (given) => given.map(show).join(''),
  len: ([value]) =>
    typeof value === 'string' || Array.isArray(value) ? value.length : Object.keys(value ?? {}).length,
  index: ([value, ...keys]) =>
    keys.reduce<unknown>((found, key) => (found as Record<string, unknown> | undefined)?.[key as string], value),
  eq: ([first, ...rest]) => rest.some((each) => each === first),
  ne: ([first, second]) => first !== second,
  not: ([value]) => !truthy(value),
  and: (given) => given.find((value) => !truthy(value)) ?? given.at(-1),
  or: (given) => given.find((value) => truthy(value)) ?? given.at(-1),
};

function truthy(value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === 0 || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** As Go prints a value. */
function show(value: unknown): string {
  if (value === null || value === undefined) return '<no value>';
  if (Array.isArray(value)) return `[${value.map(show).join(' ')}]`;
  if (typeof value === 'object')
    return `map[${Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, each]) => `${key}:${show(each)}`)
      .join(' ')}]`;
  return String(value as string | number | boolean);
}

function splitTop(text: string, separator: '|' | ' '): string[] {
  const parts: string[] = [];
  let part = '';
  let depth = 0;
  let quote = '';
  for (const letter of text) {
    if (quote !== '') {
      if (letter === quote && !part.endsWith('\\')) quote = '';
    } else if (letter === '"' || letter === '`') quote = letter;
    else if (letter === '(') depth++;
    else if (letter === ')') depth--;
    else if (letter === separator && depth === 0) {
      parts.push(part);
      part = '';
      continue;
    }
    part += letter;
  }
  parts.push(part);
  return parts;
}

function unescape(text: string): string {
  return text.replaceAll('\\t', '\t').replaceAll('\\n', '\n');
}

function wrong(source: string, why: string): WherryError {
  return new WherryError('InvalidArgument', `Cannot use the format "${source}": ${why}.`);
}
