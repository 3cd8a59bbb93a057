/** What is no script; `unfinished` when more text could make it one. */
export class SyntaxFault extends Error {
  readonly unfinished: boolean;

  constructor(message: string, unfinished: boolean) {
    super(message);
    this.unfinished = unfinished;
  }
}

/** A place in a text that is being read. */
export class Cursor {
  readonly #text: string;
  /** How deep what is read now lies in what is read around it. */
  depth: number;
  position = 0;

  constructor(text: string, depth = 0) {
    this.#text = text;
    this.depth = depth;
  }

  /** The character `ahead` of here, '' behind the end. */
  peek(ahead = 0): string {
    return this.#text[this.position + ahead] ?? '';
  }

  next(): string {
    return this.#text[this.position++] ?? '';
  }

  skip(count: number): void {
    this.position += count;
  }

  /** The text from `ahead` of here on, as far as names and operators reach. */
  rest(ahead: number): string {
    return this.#text.slice(this.position + ahead, this.position + ahead + 256);
  }

  /** Another text that lies at this place. */
  inside(text: string): Cursor {
    return new Cursor(text, this.depth + 1);
  }

  /** The text up to the next `end`, which is passed over. */
  until(end: string, what: string): string {
    const at = this.#text.indexOf(end, this.position);
    if (at < 0) throw new SyntaxFault(`unexpected end of file: ${what} is not closed`, true);
    const text = this.#text.slice(this.position, at);
    this.position = at + end.length;
    return text;
  }

  /** The same where a backslash before a backquote, a backslash or a dollar sign takes its meaning. */
  untilUnescaped(end: string, what: string): string {
    let text = '';
    for (;;) {
      const char = this.next();
      if (char === '') throw new SyntaxFault(`unexpected end of file: ${what} is not closed`, true);
      if (char === end) return text;
      if (char === '\\' && '`\\$'.includes(this.peek()) && this.peek() !== '') text += this.next();
      else text += char;
    }
  }

  /** The next line, without its end; null behind the last. */
  line(): string | null {
    if (this.position >= this.#text.length) return null;
    const at = this.#text.indexOf('\n', this.position);
    const end = at < 0 ? this.#text.length : at;
    const text = this.#text.slice(this.position, end);
    this.position = end + 1;
    return text;
  }

  expect(char: string, what: string): void {
    if (this.peek() !== char) throw this.error(`${what} is missing`);
    this.next();
  }

  error(why: string): SyntaxFault {
    const found = this.peek();
    if (found === '') return new SyntaxFault(`unexpected end of file: ${why}`, true);
    return new SyntaxFault(`syntax error near "${found === '\n' ? 'newline' : found}": ${why}`, false);
  }
}
