/** A set of characters. */
export interface CharacterClass {
  /** First and last of each run. */
  readonly ranges: readonly (readonly [number, number])[];
  /** Classes that are part of it, such as `\d` in `[\d_]`. */
  readonly parts: readonly ((code: number) => boolean)[];
  readonly negated: boolean;
}

/** Whether a character is in the class; with `fold` in either case. */
export function isIn({ ranges, parts, negated }: CharacterClass, code: number, fold: boolean): boolean {
  const codes = fold ? inBothCases(code) : [code];
  const found = codes.some(
    (each) => ranges.some(([first, last]) => first <= each && each <= last) || parts.some((part) => part(each)),
  );
  return found !== negated;
}

function inBothCases(code: number): number[] {
  const rune = String.fromCodePoint(code);
  return [code, rune.toLowerCase().codePointAt(0) ?? code, rune.toUpperCase().codePointAt(0) ?? code];
}

const ascii: Readonly<Record<string, RegExp>> = {
  d: /^[0-9]$/,
  s: /^[\t\n\f\r ]$/,
  w: /^[0-9A-Za-z_]$/,
};

const posix: Readonly<Record<string, RegExp>> = {
  alnum: /^[0-9A-Za-z]$/,
  alpha: /^[A-Za-z]$/,
  ascii: /^[^\u0080-\u{10ffff}]$/u,
  blank: /^[\t ]$/,
  cntrl: /^(?:(?=[^\u0080-\u{10ffff}])\p{Cc})$/u,
  digit: /^[0-9]$/,
  graph: /^[!-~]$/,
  lower: /^[a-z]$/,
  print: /^[ -~]$/,
  punct: /^[!-/:-@[-`{-~]$/,
  space: /^[\t\n\v\f\r ]$/,
  upper: /^[A-Z]$/,
  word: /^[0-9A-Za-z_]$/,
  xdigit: /^[0-9A-Fa-f]$/,
};

/** The class that `\d`, `\W` and the like stand for; null when the letter stands for none. */
export function asciiClass(letter: string): ((code: number) => boolean) | null {
  const name = letter.toLowerCase();
  return Object.hasOwn(ascii, name) ? tester(ascii[name] as RegExp, letter !== name) : null;
}

/** The class `[:name:]`; null when there is none of that name. */
export function posixClass(name: string): ((code: number) => boolean) | null {
  const negated = name.startsWith('^');
  const plain = negated ? name.slice(1) : name;
  return Object.hasOwn(posix, plain) ? tester(posix[plain] as RegExp, negated) : null;
}

/** The class `\p{name}` of Unicode, a category or a script; null when there is none of that name. */
export function unicodeClass(name: string, negated: boolean): ((code: number) => boolean) | null {
  if (!/^[A-Za-z_]{1,40}$/.test(name)) return null;
  for (const property of [`General_Category=${name}`, `Script=${name}`]) {
    try {
      return tester(new RegExp(`^\\p{${property}}$`, 'u'), negated);
    } catch {
      // It may be the other.
    }
  }
  return null;
}

function tester(pattern: RegExp, negated: boolean): (code: number) => boolean {
  return (code) => pattern.test(String.fromCodePoint(code)) !== negated;
}
