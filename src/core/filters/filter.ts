import { WherryError } from '../../errors/index.ts';
import { filter_characters_max, filters_per_call_max } from '../../limits/index.ts';
import { compilePattern } from './pattern.ts';
import { Scanner } from './scanner.ts';
import { unquote } from './unquote.ts';

/** What a filter asks of an object: the value at a path of fields, undefined when it has none. */
export type Fields = (path: readonly string[]) => string | undefined;

/** Whether an object is wanted. */
export type Filter = (fields: Fields) => boolean;

/**
 * Reads filters as containerd's clients write them: `labels."a.b"==c,name~=^x` asks for all of its parts, and of
 * several filters one is enough; none asks for everything.
 *
 * @throws WherryError InvalidArgument, in containerd's words
 */
export function parseFilters(texts: readonly string[]): Filter {
  if (texts.length > filters_per_call_max)
    throw new WherryError('InvalidArgument', `filters: more than ${filters_per_call_max}: invalid argument`);
  const filters = texts.map((text) => (text === '' ? () => true : parse(text)));
  return filters.length === 0 ? () => true : (fields) => filters.some((filter) => filter(fields));
}

/** The value of `path` in a map, whose keys may have dots in them. */
export function fieldOfMap(path: readonly string[], map: Readonly<Record<string, string>>): string | undefined {
  const key = path.join('.');
  return Object.hasOwn(map, key) ? map[key] : undefined;
}

function parse(text: string): Filter {
  if (text.length > filter_characters_max) {
    throw new WherryError(
      'InvalidArgument',
      `filters: longer than ${filter_characters_max} characters: invalid argument`,
    );
  }
  const selectors = new Parser(text).selectors();
  return (fields) => selectors.every((selector) => selector(fields));
}

class Parser {
  readonly #text: string;
  readonly #scanner: Scanner;

  constructor(text: string) {
    this.#text = text;
    this.#scanner = new Scanner(text);
  }

  selectors(): Filter[] {
    const found = [this.#selector()];
    for (;;) {
      const next = this.#scanner.peek();
      if (next === '') return found;
      if (next !== ',') this.#fail(this.#scanner.offset, `unexpected input: ${next === '\0' ? '\ufffd' : next}`);
      this.#scanner.scan();
      found.push(this.#selector());
    }
  }

  #selector(): Filter {
    const path = this.#path();
    const next = this.#scanner.peek();
    if (next === '' || next === ',') return (fields) => fields(path) !== undefined;
    const operator = this.#operator();
    const value = this.#value(operator === '~=');
    if (operator === '==') return (fields) => fields(path) === value;
    if (operator === '!=') return (fields) => (fields(path) ?? '') !== value;
    const pattern = compilePattern(value);
    return (fields) => pattern?.(fields(path) ?? '') ?? false;
  }

  #path(): string[] {
    const path = [this.#field()];
    while (this.#scanner.peek() === '.') {
      this.#scanner.scan();
      path.push(this.#field());
    }
    return path;
  }

  #field(): string {
    const { kind, at, text } = this.#scanner.scan();
    if (kind === 'field') return text;
    if (kind === 'quoted') return this.#unquote(at, text, false);
    if (kind === 'illegal') this.#fail(at, this.#scanner.fault);
    return this.#fail(at, 'expected field or quoted');
  }

  #operator(): '==' | '!=' | '~=' {
    const { kind, at, text } = this.#scanner.scan();
    if (kind === 'operator') {
      if (text === '==' || text === '!=' || text === '~=') return text;
      this.#fail(at, `unsupported operator ${JSON.stringify(text)}`);
    }
    if (kind === 'illegal') this.#fail(at, this.#scanner.fault);
    return this.#fail(at, 'expected an operator ("=="|"!="|"~=")');
  }

  #value(is_pattern: boolean): string {
    const { kind, at, text } = this.#scanner.scan();
    if (kind === 'value' || kind === 'field') return text;
    if (kind === 'quoted') return this.#unquote(at, text, is_pattern);
    if (kind === 'illegal') this.#fail(at, this.#scanner.fault);
    return this.#fail(at, 'expected value or quoted');
  }

  /** Only a pattern may stand between `/` or `|`. */
  #unquote(at: number, text: string, is_pattern: boolean): string {
    if (!is_pattern && !text.startsWith('"')) this.#fail(at, 'invalid quote encountered');
    const value = unquote(text);
    return value ?? this.#fail(at, 'unquoting failed: quote syntax error');
  }

  #fail(at: number, reason: string): never {
    const bytes = Buffer.from(this.#text);
    const part = (from: number, to?: number): string => bytes.subarray(from, to).toString();
    const place = at < bytes.length ? `${part(0, at)} >|${part(at, at + 1)}|< ${part(at + 1)}` : this.#text;
    throw new WherryError('InvalidArgument', `filters: parse error: [${place}]: ${reason}: invalid argument`);
  }
}
