import { WherryError } from '../errors/index.ts';

/** A map from names of somebody else's choosing: without a prototype, so that no name means anything. */
export type StringMap = Readonly<Record<string, string>>;

/**
 * The fields of a JSON object that came from outside. Each accessor checks the type of what it gives and throws
 * `InvalidArgument` naming the document and the field. `null` is the same as not there, as in programs written in Go.
 */
export class JsonFields {
  readonly #value: Readonly<Record<string, unknown>>;
  readonly #document: string;
  readonly #path: string;

  private constructor(value: Readonly<Record<string, unknown>>, document: string, path: string) {
    this.#value = value;
    this.#document = document;
    this.#path = path;
  }

  /** Parses a document of at most `bytes_max` bytes whose top is an object. `document` names it in messages. */
  static parse(bytes: Uint8Array, document: string, bytes_max: number): JsonFields {
    return JsonFields.#of(parseJson(bytes, document, bytes_max), document, '');
  }

  /** Parses a document whose top is a list of at most `count_max` objects. */
  static parseList(bytes: Uint8Array, document: string, bytes_max: number, count_max: number): readonly JsonFields[] {
    const values = parseJson(bytes, document, bytes_max);
    if (!Array.isArray(values)) throw problemIn(document, 'its top', 'is not a list');
    if (values.length > count_max) throw problemIn(document, 'its top', `has more than ${count_max} entries`);
    return values.map((value, i) => JsonFields.#of(value, document, `[${i}]`));
  }

  static #of(value: unknown, document: string, path: string): JsonFields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw problemIn(document, path === '' ? 'its top' : path, 'is not an object');
    }
    return new JsonFields(value as Record<string, unknown>, document, path);
  }

  has(key: string): boolean {
    return this.#get(key) !== undefined;
  }

  /** Throws unless the field is spelled as it is known: some programs ignore the case of names, so two would differ. */
  refuseOtherSpellings(keys: readonly string[]): void {
    const known = new Map(keys.map((key) => [key.toLowerCase(), key]));
    for (const key of Object.keys(this.#value)) {
      const spelling = known.get(key.toLowerCase());
      if (spelling !== undefined && spelling !== key) {
        throw this.problem(key, `is spelled differently from ${JSON.stringify(spelling)}`);
      }
    }
  }

  problem(key: string, problem: string): WherryError<'InvalidArgument'> {
    return problemIn(this.#document, this.#name(key), problem);
  }

  string(key: string): string {
    return this.optionalString(key) ?? this.#missing(key);
  }

  optionalString(key: string): string | undefined {
    const value = this.#get(key);
    if (value === undefined || typeof value === 'string') return value;
    throw this.problem(key, 'is not a string');
  }

  /** A whole number from 0 to 2^53. */
  count(key: string): number {
    return this.optionalCount(key) ?? this.#missing(key);
  }

  optionalCount(key: string): number | undefined {
    const value = this.#get(key);
    if (value === undefined) return undefined;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
    throw this.problem(key, 'is not a whole number of at least 0');
  }

  boolean(key: string): boolean | undefined {
    const value = this.#get(key);
    if (value === undefined || typeof value === 'boolean') return value;
    throw this.problem(key, 'is neither true nor false');
  }

  strings(key: string): readonly string[] | undefined {
    const values = this.#array(key);
    if (values === undefined || values.every((value) => typeof value === 'string')) return values;
    throw this.problem(key, 'is not a list of strings');
  }

  object(key: string): JsonFields | undefined {
    const value = this.#get(key);
    return value === undefined ? undefined : JsonFields.#of(value, this.#document, this.#name(key));
  }

  objects(key: string, count_max: number): readonly JsonFields[] | undefined {
    const values = this.#array(key);
    if (values !== undefined && values.length > count_max)
      throw this.problem(key, `has more than ${count_max} entries`);
    return values?.map((value, i) => JsonFields.#of(value, this.#document, `${this.#name(key)}[${i}]`));
  }

  stringMap(key: string): StringMap | undefined {
    const fields = this.object(key);
    if (fields === undefined) return undefined;
    const map: Record<string, string> = Object.create(null);
    for (const name of Object.keys(fields.#value)) map[name] = fields.optionalString(name) ?? '';
    return map;
  }

  /** The keys of an object whose values say nothing, such as ExposedPorts. */
  keys(key: string): readonly string[] | undefined {
    const fields = this.object(key);
    return fields === undefined ? undefined : Object.keys(fields.#value);
  }

  #get(key: string): unknown {
    const value = Object.hasOwn(this.#value, key) ? this.#value[key] : undefined;
    return value === null ? undefined : value;
  }

  #array(key: string): unknown[] | undefined {
    const value = this.#get(key);
    if (value === undefined || Array.isArray(value)) return value;
    throw this.problem(key, 'is not a list');
  }

  #name(key: string): string {
    return this.#path === '' ? key : `${this.#path}.${key}`;
  }

  #missing(key: string): never {
    throw this.problem(key, 'is missing');
  }
}

function parseJson(bytes: Uint8Array, document: string, bytes_max: number): unknown {
  if (bytes.length > bytes_max) {
    const problem = `it has ${bytes.length} bytes, more than ${bytes_max}`;
    throw new WherryError('ResourceExhausted', `cannot read ${document}: ${problem}`);
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new WherryError('InvalidArgument', `cannot read ${document}: it is not JSON`, { cause });
  }
}

function problemIn(document: string, field: string, problem: string): WherryError<'InvalidArgument'> {
  return new WherryError('InvalidArgument', `cannot read ${document}: ${field} ${problem}`);
}
