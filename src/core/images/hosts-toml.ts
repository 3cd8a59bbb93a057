import { WherryError } from '../../errors/index.ts';

/** A value of the part of TOML that `hosts.toml` needs. */
export type TomlValue = string | boolean | readonly TomlValue[];
/** Values by key; `header` and the like are tables of their own. */
export type TomlTable = ReadonlyMap<string, TomlValue>;

/** The tables of a document by their dotted names, each part of a name an element; in order. */
export type TomlTables = readonly { readonly name: readonly string[]; readonly values: TomlTable }[];

/**
 * Reads what registry configuration is written in: tables, and keys with strings, booleans, integers and arrays.
 *
 * @throws WherryError InvalidArgument for anything else of TOML, with the line
 */
export function parseHostsToml(text: string): TomlTables {
  const tables: { name: readonly string[]; values: Map<string, TomlValue> }[] = [{ name: [], values: new Map() }];
  const reader = new Reader(text);
  for (reader.skip(true); !reader.atEnd; reader.skip(true)) {
    if (reader.take('[')) {
      tables.push({ name: reader.keys(), values: new Map() });
      reader.require(']');
    } else {
      const key = reader.keys().join('.');
      reader.require('=');
      const { values } = tables.at(-1)!;
      if (values.has(key)) throw reader.problem(`${JSON.stringify(key)} is there twice`);
      values.set(key, reader.value(0));
    }
    reader.endLine();
  }
  return tables;
}

const arrays_in_arrays_max = 4;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** Passes by spaces and comments, and by ends of lines if they do not count. */
  skip(lines: boolean): void {
    const pattern = lines ? /(?:[ \t\r\n]+|#[^\n]*)*/y : /(?:[ \t\r]+|#[^\n]*)*/y;
    this.#match(pattern);
  }

  take(word: string): boolean {
    this.skip(false);
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  require(word: string): void {
    if (!this.take(word)) throw this.problem(`${JSON.stringify(word)} is missing`);
  }

  endLine(): void {
    this.skip(false);
    if (!this.atEnd && this.#text[this.#at] !== '\n') throw this.problem('something stands behind the end');
  }

  /** A dotted key. */
  keys(): readonly string[] {
    const parts: string[] = [];
    do {
      this.skip(false);
      const bare = this.#match(/[A-Za-z0-9_-]+/y);
      parts.push(bare ?? this.#string() ?? this.#fail('a key is missing'));
    } while (this.take('.'));
    return parts;
  }

  value(depth: number): TomlValue {
    this.skip(false);
    const text = this.#string();
    if (text !== null) return text;
    if (this.take('[')) return this.#array(depth);
    const word = this.#match(/true|false|[+-]?\d[\d_]*/y);
    if (word === null) throw this.problem('there is no value that is understood');
    return word === 'true' ? true : word === 'false' ? false : word;
  }

  #array(depth: number): readonly TomlValue[] {
    if (depth >= arrays_in_arrays_max) throw this.problem('arrays are too deep');
    const values: TomlValue[] = [];
    for (this.skip(true); !this.take(']'); this.skip(true)) {
      values.push(this.value(depth + 1));
      this.skip(true);
      if (this.take(',')) continue;
      this.skip(true);
      this.require(']');
      break;
    }
    return values;
  }

  #string(): string | null {
    const literal = this.#match(/'[^'\n]*'/y);
    if (literal !== null) return literal.slice(1, -1);
    const basic = this.#match(/"(?:[^"\\\n]|\\["\\bfnrt]|\\u[0-9A-Fa-f]{4})*"/y);
    return basic === null ? null : (JSON.parse(basic) as string);
  }

  #match(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) return null;
    this.#at += found.length;
    return found;
  }

  #fail(problem: string): never {
    throw this.problem(problem);
  }

  problem(problem: string): WherryError<'InvalidArgument'> {
    const line = this.#text.slice(0, this.#at).split('\n').length;
    return new WherryError('InvalidArgument', `failed to parse hosts.toml: line ${line}: ${problem}`);
  }
}
