import { evaluate } from './arithmetic.ts';
import { CommandFault } from './errors.ts';
import { escaped, isPattern, patternExpression, unescaped } from './pattern.ts';
import type { List, Part, Word } from './syntax/tree.ts';
import type { Tree } from './tree.ts';
import type { Variables } from './variables.ts';

/** What the expansion of words needs of the shell. */
export interface ExpandContext {
  readonly variables: Variables;
  readonly tree: Tree;
  /** No names are matched (`set -f`); variables that are not set are faults (`set -u`). */
  readonly options: { readonly noglob: boolean; readonly nounset: boolean };
  /** `$?`, `$#` and the like; undefined for what is no such parameter. */
  special(name: string): string | undefined;
  /** What a list of commands prints. */
  output(list: List): string;
}

/** A piece of a field: `pattern` has what is quoted escaped. */
interface Piece {
  readonly text: string;
  readonly quoted: boolean;
  /** It came out of a parameter or a command, and is split where it is not quoted. */
  readonly splits: boolean;
  /** The next piece begins a field of its own: between the parameters of `"$@"`. */
  readonly ends_field?: boolean;
}

/** The fields that words become: expanded, split, matched against names, without quotes. */
export function expandWords(words: readonly Word[], context: ExpandContext): string[] {
  return words.flatMap((word) => expandWord(word, context));
}

function expandWord(word: Word, context: ExpandContext): readonly string[] {
  const patterns = split(piecesOf(word, context, true), context.variables.get('IFS') ?? ' \t\n');
  return patterns.flatMap((pattern) => {
    if (context.options.noglob || !isPattern(pattern)) return [unescaped(pattern)];
    const found = matchNames(pattern, context.tree);
    return found.length > 0 ? found : [unescaped(pattern)];
  });
}

/** A word as one text: of an assignment, a redirection, a here-document. */
export function expandText(word: Word, context: ExpandContext): string {
  return piecesOf(word, context, false)
    .map(({ text, ends_field }) => (ends_field === true ? `${text} ` : text))
    .join('');
}

/** A word as a pattern, in which what is quoted stands for itself. */
export function expandPattern(word: Word, context: ExpandContext): string {
  return piecesOf(word, context, false)
    .map(({ text, quoted }) => (quoted ? escaped(text) : text))
    .join('');
}

function piecesOf(word: Word, context: ExpandContext, fields: boolean): Piece[] {
  return word.flatMap((part, i) => pieceOf(part, context, fields, i === 0));
}

function pieceOf(part: Part, context: ExpandContext, fields: boolean, first: boolean): readonly Piece[] {
  switch (part.kind) {
    case 'text': {
      const text = first && !part.quoted ? withHome(part.text, context) : part.text;
      return [{ text, quoted: part.quoted, splits: false }];
    }
    case 'command':
      return [{ text: context.output(part.list), quoted: part.quoted, splits: true }];
    case 'arithmetic': {
      const numbers = {
        get: (name: string) => context.variables.get(name) ?? '',
        set: (name: string, value: string) => context.variables.set(name, value),
      };
      const text = String(evaluate(expandText(part.expression, context), numbers));
      return [{ text, quoted: part.quoted, splits: true }];
    }
    case 'parameter':
      return parameter(part, context, fields);
  }
}

function withHome(text: string, { variables }: ExpandContext): string {
  const home = variables.get('HOME');
  return home !== undefined && /^~(?:\/|$)/.test(text) ? `${home}${text.slice(1)}` : text;
}

function parameter(
  part: Part & { readonly kind: 'parameter' },
  context: ExpandContext,
  fields: boolean,
): readonly Piece[] {
  const { name, operator, word, quoted } = part;
  const { variables } = context;
  if ((name === '@' || (name === '*' && !quoted)) && operator === '')
    return allOf(variables.positional, quoted, fields);
  const value = valueOf(name, context);
  const piece = (text: string): readonly Piece[] => [{ text, quoted, splits: true }];
  const empty = value === undefined || (value === '' && operator.startsWith(':'));
  switch (operator) {
    case 'length':
      return piece(String(Array.from(value ?? '').length));
    case '-':
    case ':-':
      return empty ? piecesOf(word, context, fields) : piece(value);
    case '=':
    case ':=': {
      if (!empty) return piece(value);
      const text = expandText(word, context);
      variables.set(name, text);
      return piece(text);
    }
    case '?':
    case ':?':
      if (!empty) return piece(value);
      throw new CommandFault(`${name}: ${expandText(word, context) || 'parameter not set'}`, 2);
    case '+':
    case ':+':
      return empty ? piece('') : piecesOf(word, context, fields);
    case '#':
    case '##':
    case '%':
    case '%%':
      return piece(trimmed(value ?? '', operator, expandPattern(word, context)));
    case '':
      if (value === undefined && context.options.nounset) throw new CommandFault(`${name}: parameter not set`, 2);
      return piece(value ?? '');
  }
}

function allOf(values: readonly string[], quoted: boolean, fields: boolean): readonly Piece[] {
  const last = values.length - 1;
  // Without parameters `"$@"` is no field at all.
  if (values.length === 0) return [{ text: '', quoted: false, splits: true }];
  return values.map((text, i) => ({
    text,
    quoted,
    splits: true,
    ...(i < last && (fields || !quoted) ? { ends_field: true } : {}),
    ...(i < last && !fields ? { ends_field: true } : {}),
  }));
}

function valueOf(name: string, { variables, special }: ExpandContext): string | undefined {
  if (name === '*' || name === '@') {
    const separator = variables.get('IFS')?.[0] ?? (variables.get('IFS') === '' ? '' : ' ');
    return variables.positional.join(separator);
  }
  if (/^[1-9]\d*$/.test(name)) return variables.positional[Number(name) - 1];
  return special(name) ?? variables.get(name);
}

/** Without the shortest or longest beginning (`#`) or end (`%`) that matches. */
function trimmed(value: string, operator: '#' | '##' | '%' | '%%', pattern: string): string {
  const longest = operator.length === 2;
  const whole = patternExpression(pattern);
  const cuts = Array.from({ length: value.length + 1 }, (_, i) => i);
  const at_start = operator.startsWith('#');
  // From the shortest piece to the longest, or the other way round.
  for (const length of longest ? cuts.reverse() : cuts) {
    const piece = at_start ? value.slice(0, length) : value.slice(value.length - length);
    if (whole.test(piece)) return at_start ? value.slice(length) : value.slice(0, value.length - length);
  }
  return value;
}

/** Fields as patterns, in which what was quoted is escaped. */
function split(pieces: readonly Piece[], separators: string): readonly string[] {
  const fields: string[] = [];
  let field: string | null = null;
  const end = (): void => {
    if (field !== null) fields.push(field);
    field = null;
  };
  for (const { text, quoted, splits, ends_field } of pieces) {
    if (quoted || !splits) field = (field ?? '') + (quoted ? escaped(text) : text);
    else
      for (const char of text) {
        if (!separators.includes(char)) field = (field ?? '') + (char === '\\' ? '\\\\' : char);
        else if (' \t\n'.includes(char)) end();
        else {
          field ??= '';
          end();
        }
      }
    if (ends_field === true) {
      if (quoted) field ??= '';
      end();
    }
  }
  end();
  return fields;
}

/** The paths that a pattern matches, in order. */
function matchNames(pattern: string, tree: Tree): readonly string[] {
  const rooted = pattern.startsWith('/');
  let paths: readonly string[] = [rooted ? '/' : ''];
  const components = pattern.split('/').filter((each) => each !== '');
  for (const [i, component] of components.entries()) {
    const last = i === components.length - 1;
    paths = paths.flatMap((base) => below(base, component, last, tree));
  }
  return paths;
}

function below(base: string, component: string, last: boolean, tree: Tree): readonly string[] {
  const path = (name: string): string => (base === '' || base.endsWith('/') ? `${base}${name}` : `${base}/${name}`);
  if (!isPattern(component)) {
    const named = path(unescaped(component));
    return tree.find(named, false) === null ? [] : [named];
  }
  const expression = patternExpression(component);
  try {
    return tree
      .list(base === '' ? '.' : base)
      .filter(({ name }) => expression.test(name) && (!name.startsWith('.') || component.startsWith('.')))
      .map(({ name }) => path(name))
      .filter((found) => last || tree.isDirectory(found));
  } catch {
    // What cannot be listed matches nothing.
    return [];
  }
}
