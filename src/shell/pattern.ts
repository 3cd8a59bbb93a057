/** Patterns of names: `*`, `?` and `[...]`, where a backslash takes the meaning of what follows. */

/** Whether `pattern` has anything that stands for something else. */
export function isPattern(pattern: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*[*?[]/.test(pattern);
}

/** The text that a pattern stands for which has nothing else than that. */
export function unescaped(pattern: string): string {
  return pattern.replace(/\\(.)/gs, '$1');
}

/** `text` so that all of it stands for itself. */
export function escaped(text: string): string {
  return text.replace(/[\\*?[\]]/g, '\\$&');
}

/** The expression that a whole text has to match, or its beginning or end of it when `part` says so. */
export function patternExpression(pattern: string, part: 'whole' | 'shortest' | 'longest' = 'whole'): RegExp {
  const any = part === 'shortest' ? '[^]*?' : '[^]*';
  let source = '';
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    if (char === '\\' && i + 1 < pattern.length) source += quoted(pattern[++i]!);
    else if (char === '*') source += any;
    else if (char === '?') source += '[^]';
    else if (char === '[') {
      const set = bracket(pattern, i);
      if (set === null) source += '\\[';
      else {
        source += set.source;
        i = set.end;
      }
    } else source += quoted(char);
  }
  return new RegExp(part === 'whole' ? `^(?:${source})$` : source, 'u');
}

/** As the C locale has them. */
const classes: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: ' \\t\\n\\r\\f\\v',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  cntrl: '\\0-\\x1f\\x7f',
  graph: '!-~',
  print: ' -~',
  xdigit: '0-9A-Fa-f',
};

/** A set of characters that begins at `start`; null when it has no end. */
export function bracket(pattern: string, start: number): { readonly source: string; readonly end: number } | null {
  let i = start + 1;
  const negated = pattern[i] === '!' || pattern[i] === '^';
  if (negated) i++;
  let inside = '';
  for (let first = true; ; first = false) {
    const char = pattern[i];
    if (char === undefined) return null;
    if (char === ']' && !first) break;
    const named = char === '[' ? /^\[:(\w+):\]/.exec(pattern.slice(i)) : null;
    const set = named === null ? undefined : classes[named[1]!];
    if (named !== null && set !== undefined) {
      inside += set;
      i += named[0].length;
    } else if (char === '\\' && i + 1 < pattern.length) {
      inside += quotedInside(pattern[i + 1]!);
      i += 2;
    } else {
      // A dash between two characters is a range.
      const ranges =
        char === '-' && !first && pattern[i - 1] !== ']' && !/^(?:\]|\[:)/.test(pattern.slice(i + 1, i + 3));
      inside += ranges ? '-' : quotedInside(char);
      i++;
    }
  }
  const set = (text: string): string => `[${negated ? '^' : ''}${text}]`;
  // A range that goes backwards holds nothing; its ends stand for themselves here.
  return { source: set(isSet(inside) ? inside : inside.replaceAll('\\-', '-').replaceAll('-', '\\-')), end: i };
}

function isSet(inside: string): boolean {
  try {
    return new RegExp(`[${inside}]`, 'u').source !== '';
  } catch {
    return false;
  }
}

function quoted(char: string): string {
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
}

function quotedInside(char: string): string {
  return /[\\^\]-]/.test(char) || char === '[' ? `\\${char}` : char;
}
