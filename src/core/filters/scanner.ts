/** What a filter is made of. */
export type TokenKind = 'end' | 'quoted' | 'value' | 'field' | 'separator' | 'operator' | 'illegal' | 'other';

export interface Token {
  readonly kind: TokenKind;
  /** Where it begins, in bytes. */
  readonly at: number;
  readonly text: string;
}

const escapes = new Set(['a', 'b', 'f', 'n', 'r', 't', 'v', '\\']);
/** Of numeric escapes: how many digits follow, and of which base. */
const numeric: Readonly<Record<string, { readonly digits: number; readonly pattern: RegExp }>> = {
  x: { digits: 2, pattern: /[0-9a-fA-F]/ },
  u: { digits: 4, pattern: /[0-9a-fA-F]/ },
  U: { digits: 8, pattern: /[0-9a-fA-F]/ },
};

/** Cuts a filter into tokens, as containerd's scanner does: what a word is depends on what stands before it. */
export class Scanner {
  readonly #input: readonly string[];
  readonly #offsets: readonly number[];
  #at = 0;
  /** A value comes next: an operator was read. */
  #value = false;
  #fault = '';

  constructor(input: string) {
    this.#input = Array.from(input);
    let offset = 0;
    this.#offsets = [
      ...this.#input.map((rune) => (offset += Buffer.byteLength(rune)) - Buffer.byteLength(rune)),
      offset,
    ];
  }

  /** Why the last token is illegal. */
  get fault(): string {
    return this.#fault;
  }

  /** Where the next character stands, in bytes. */
  get offset(): number {
    return this.#offsets[this.#at] ?? 0;
  }

  /** The next character, '' at the end. */
  peek(): string {
    return this.#input[this.#at] ?? '';
  }

  scan(): Token {
    while (isSpace(this.peek())) this.#at++;
    const from = this.#at;
    const rune = this.peek();
    if (rune === '') return this.#token('end', from);
    this.#at++;
    if (rune === '\0') return this.#illegal(from, 'unexpected null');
    if (rune === '\ufffd') return this.#illegal(from, 'rune error');
    if (isQuote(rune)) return this.#quoted(from, rune);
    if (rune === ',' || rune === '.') {
      this.#value = false;
      return this.#token('separator', from);
    }
    if (isOperator(rune)) {
      while (isOperator(this.peek())) this.#at++;
      this.#value = true;
      return this.#token('operator', from);
    }
    if (this.#value) {
      while (isValue(this.peek())) this.#at++;
      this.#value = false;
      return this.#token('value', from);
    }
    if (isField(rune)) {
      while (isField(this.peek())) this.#at++;
      return this.#token('field', from);
    }
    return this.#token('other', from);
  }

  #quoted(from: number, quote: string): Token {
    let legal = true;
    for (;;) {
      const rune = this.peek();
      if (rune === '' || rune === '\n') {
        this.#at = Math.min(this.#at + 1, this.#input.length);
        return this.#illegal(from, 'quoted literal not terminated');
      }
      this.#at++;
      if (rune === quote) break;
      if (rune === '\\' && !this.#escape(quote)) legal = false;
    }
    return legal ? this.#token('quoted', from) : this.#token('illegal', from);
  }

  #escape(quote: string): boolean {
    const rune = this.peek();
    if (escapes.has(rune) || rune === quote) {
      this.#at++;
      return true;
    }
    const is_octal = /^[0-7]$/.test(rune);
    const form = is_octal ? { digits: 3, pattern: /[0-7]/ } : Object.hasOwn(numeric, rune) ? numeric[rune] : undefined;
    if (form === undefined) {
      this.#fault ||= 'illegal escape sequence';
      return false;
    }
    if (!is_octal) this.#at++;
    for (let left = form.digits; left > 0; left--) {
      if (!form.pattern.test(this.peek())) {
        this.#fault ||= 'illegal numeric escape sequence';
        return false;
      }
      this.#at++;
    }
    return true;
  }

  #token(kind: TokenKind, from: number): Token {
    return { kind, at: this.#offsets[from] ?? 0, text: this.#input.slice(from, this.#at).join('') };
  }

  #illegal(from: number, fault: string): Token {
    this.#fault ||= fault;
    return this.#token('illegal', from);
  }
}

function isSpace(rune: string): boolean {
  return rune !== '' && /^\s$/u.test(rune);
}

function isQuote(rune: string): boolean {
  return rune === '/' || rune === '|' || rune === '"';
}

function isOperator(rune: string): boolean {
  return rune === '=' || rune === '!' || rune === '~';
}

function isField(rune: string): boolean {
  return /^[-_A-Za-z0-9]$/.test(rune);
}

function isValue(rune: string): boolean {
  return rune !== '' && rune !== ',' && /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(rune);
}
