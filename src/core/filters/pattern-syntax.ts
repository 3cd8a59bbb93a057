import { filter_pattern_depth_max } from '../../limits/index.ts';
import { asciiClass, type CharacterClass, posixClass, unicodeClass } from './character-class.ts';

/** A pattern, read. */
export type Pattern =
  | { readonly kind: 'empty' }
  | { readonly kind: 'class'; readonly of: CharacterClass; readonly fold: boolean }
  | { readonly kind: 'assert'; readonly what: Assertion }
  | { readonly kind: 'all' | 'any'; readonly of: readonly Pattern[] }
  /** `max` null is without end. */
  | { readonly kind: 'repeat'; readonly of: Pattern; readonly min: number; readonly max: number | null };

export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word-edge' | 'no-word-edge';

interface Flags {
  readonly fold: boolean;
  readonly lines: boolean;
  readonly dot_all: boolean;
}

/** Go's bound of a counted repetition. */
const repeat_max = 1000;

const controls: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 };
const any_character: CharacterClass = { ranges: [[0, 0x10_ffff]], parts: [], negated: false };
const no_newline: CharacterClass = { ranges: [[10, 10]], parts: [], negated: true };

/**
 * Reads a pattern in the syntax of Go's regular expressions (RE2), which has neither back references nor lookaround.
 *
 * @throws SyntaxError when it is none
 */
export function parsePattern(text: string): Pattern {
  const parser = new Parser(Array.from(text));
  const pattern = parser.alternatives({ fold: false, lines: false, dot_all: false });
  if (!parser.isAtEnd) throw new SyntaxError('unexpected )');
  return pattern;
}

class Parser {
  readonly #runes: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(runes: readonly string[]) {
    this.#runes = runes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#runes.length;
  }

  alternatives(given: Flags): Pattern {
    if (++this.#depth > filter_pattern_depth_max) throw new SyntaxError('nested too deep');
    let flags = given;
    const found: Pattern[] = [];
    let sequence: Pattern[] = [];
    while (!this.isAtEnd && this.#peek() !== ')') {
      if (this.#take('|')) {
        found.push({ kind: 'all', of: sequence });
        sequence = [];
        continue;
      }
      const changed = this.#flagsOnly(flags);
      if (changed !== null) flags = changed;
      else sequence.push(this.#repeated(flags));
    }
    this.#depth--;
    found.push({ kind: 'all', of: sequence });
    return { kind: 'any', of: found };
  }

  #peek(offset = 0): string {
    return this.#runes[this.#at + offset] ?? '';
  }

  #take(text: string): boolean {
    const runes = Array.from(text);
    if (!runes.every((rune, i) => this.#peek(i) === rune)) return false;
    this.#at += runes.length;
    return true;
  }

  /** `(?i)`: flags for the rest of the group; null when that is not what comes next. */
  #flagsOnly(flags: Flags): Flags | null {
    const head = this.#runes.slice(this.#at, this.#at + 12).join('');
    const match = /^\(\?([imsU]*)(?:-([imsU]+))?\)/.exec(head);
    if (match === null) return null;
    this.#at += match[0].length;
    return withFlags(flags, match[1] ?? '', match[2] ?? '');
  }

  #repeated(flags: Flags): Pattern {
    let of = this.#atom(flags);
    let is_repeated = false;
    for (;;) {
      const bounds = this.#bounds();
      if (bounds === null) return of;
      if (is_repeated) throw new SyntaxError('invalid nested repetition operator');
      this.#take('?');
      of = { kind: 'repeat', of, ...bounds };
      is_repeated = true;
    }
  }

  #bounds(): { min: number; max: number | null } | null {
    if (this.#take('*')) return { min: 0, max: null };
    if (this.#take('+')) return { min: 1, max: null };
    if (this.#take('?')) return { min: 0, max: 1 };
    const head = this.#runes.slice(this.#at, this.#at + 12).join('');
    const match = /^\{(\d{1,5})(,(\d{0,5}))?\}/.exec(head);
    if (match === null) return null;
    this.#at += match[0].length;
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? null : Number(match[3]);
    if (min > repeat_max || (max !== null && (max > repeat_max || max < min)))
      throw new SyntaxError('invalid repeat count');
    return { min, max };
  }

  #atom(flags: Flags): Pattern {
    const rune = this.#peek();
    this.#at++;
    switch (rune) {
      case '(':
        return this.#group(flags);
      case '[':
        return { kind: 'class', of: this.#brackets(), fold: flags.fold };
      case '.':
        return { kind: 'class', of: flags.dot_all ? any_character : no_newline, fold: false };
      case '^':
        return { kind: 'assert', what: flags.lines ? 'line-start' : 'text-start' };
      case '$':
        return { kind: 'assert', what: flags.lines ? 'line-end' : 'text-end' };
      case '*':
      case '+':
      case '?':
        throw new SyntaxError('missing argument to repetition operator');
      case '\\':
        return this.#escape(flags);
      default:
        return literal(rune.codePointAt(0) ?? 0, flags);
    }
  }

  #group(flags: Flags): Pattern {
    let inner = flags;
    if (this.#take('?')) {
      const head = this.#runes.slice(this.#at, this.#at + 128).join('');
      const match = /^(?:P?<\w+>|([imsU]*)(?:-([imsU]+))?:)/.exec(head);
      if (match === null) throw new SyntaxError('invalid or unsupported group');
      this.#at += match[0].length;
      inner = withFlags(flags, match[1] ?? '', match[2] ?? '');
    }
    const of = this.alternatives(inner);
    if (!this.#take(')')) throw new SyntaxError('missing closing )');
    return of;
  }

  #escape(flags: Flags): Pattern {
    const rune = this.#peek();
    switch (rune) {
      case 'A':
        this.#at++;
        return { kind: 'assert', what: 'text-start' };
      case 'z':
        this.#at++;
        return { kind: 'assert', what: 'text-end' };
      case 'b':
        this.#at++;
        return { kind: 'assert', what: 'word-edge' };
      case 'B':
        this.#at++;
        return { kind: 'assert', what: 'no-word-edge' };
      case 'Q':
        this.#at++;
        return this.#quoted(flags);
      default: {
        const part = this.#classEscape();
        if (part !== null)
          return { kind: 'class', of: { ranges: [], parts: [part], negated: false }, fold: flags.fold };
        return literal(this.#characterEscape(), flags);
      }
    }
  }

  /** `\Q...\E`: characters as they are. */
  #quoted(flags: Flags): Pattern {
    const of: Pattern[] = [];
    while (!this.isAtEnd && !this.#take('\\E')) {
      of.push(literal(this.#peek().codePointAt(0) ?? 0, flags));
      this.#at++;
    }
    return { kind: 'all', of };
  }

  /** A class by a letter behind the backslash that was read; null when it is a character. */
  #classEscape(): ((code: number) => boolean) | null {
    const rune = this.#peek();
    const plain = asciiClass(rune);
    if (plain !== null) {
      this.#at++;
      return plain;
    }
    if (rune !== 'p' && rune !== 'P') return null;
    const head = this.#runes.slice(this.#at + 1, this.#at + 48).join('');
    const match = /^(?:([A-Za-z])|\{(\^?)(\w+)\})/.exec(head);
    if (match === null) throw new SyntaxError('invalid character class range');
    this.#at += 1 + match[0].length;
    const found = unicodeClass(match[1] ?? match[3] ?? '', (rune === 'P') !== (match[2] === '^'));
    if (found === null) throw new SyntaxError('invalid character class range');
    return found;
  }

  #characterEscape(): number {
    const head = this.#runes.slice(this.#at, this.#at + 12).join('');
    const number = /^(?:x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]{1,6})\}|([1-7][0-7]{2}|0[0-7]{0,2}))/.exec(head);
    if (number !== null) {
      this.#at += number[0].length;
      const code = Number.parseInt(number[1] ?? number[2] ?? number[3] ?? '', number[3] === undefined ? 16 : 8);
      if (code > 0x10_ffff) throw new SyntaxError('invalid escape sequence');
      return code;
    }
    const rune = this.#peek();
    this.#at++;
    if (Object.hasOwn(controls, rune)) return controls[rune] as number;
    // Letters and digits that mean nothing are kept for what may come to mean something: back references, for one.
    if (rune === '' || /^[0-9A-Za-z]$/.test(rune) || rune > '\x7f') throw new SyntaxError('invalid escape sequence');
    return rune.codePointAt(0) ?? 0;
  }

  #brackets(): CharacterClass {
    const negated = this.#take('^');
    const ranges: [number, number][] = [];
    const parts: ((code: number) => boolean)[] = [];
    for (let is_first = true; is_first || this.#peek() !== ']'; is_first = false) {
      if (this.isAtEnd) throw new SyntaxError('missing closing ]');
      const named = /^\[:(\^?\w+):\]/.exec(this.#runes.slice(this.#at, this.#at + 16).join(''));
      if (named !== null) {
        const part = posixClass(named[1] ?? '');
        if (part === null) throw new SyntaxError('invalid character class range');
        this.#at += named[0].length;
        parts.push(part);
        continue;
      }
      const part = this.#peek() === '\\' ? this.#bracketClass() : null;
      if (part !== null) {
        parts.push(part);
        continue;
      }
      const first = this.#bracketCharacter();
      if (this.#peek() === '-' && this.#peek(1) !== ']' && this.#peek(1) !== '') {
        this.#at++;
        const last = this.#bracketCharacter();
        if (last < first) throw new SyntaxError('invalid character class range');
        ranges.push([first, last]);
      } else ranges.push([first, first]);
    }
    this.#at++;
    return { ranges, parts, negated };
  }

  #bracketClass(): ((code: number) => boolean) | null {
    this.#at++;
    const part = this.#classEscape();
    if (part === null) this.#at--;
    return part;
  }

  #bracketCharacter(): number {
    if (this.#take('\\')) return this.#characterEscape();
    const rune = this.#peek();
    if (rune === '') throw new SyntaxError('missing closing ]');
    this.#at++;
    return rune.codePointAt(0) ?? 0;
  }
}

function literal(code: number, { fold }: Flags): Pattern {
  return { kind: 'class', of: { ranges: [[code, code]], parts: [], negated: false }, fold };
}

function withFlags(flags: Flags, on: string, off: string): Flags {
  const set = (letter: string, before: boolean): boolean => (before || on.includes(letter)) && !off.includes(letter);
  return { fold: set('i', flags.fold), lines: set('m', flags.lines), dot_all: set('s', flags.dot_all) };
}
