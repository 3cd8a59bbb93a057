import { WherryError } from '../errors/index.ts';
import { familiarName, familiarString, type Reference } from './reference.ts';

/**
 * Whether a reference fits a pattern of `--filter reference=`: the pattern is held against the familiar form with and
 * without tag. `*` and `?` stop at a slash, `[a-z]` and `[^a-z]` are sets, `\` takes the next character as it is.
 * Throws `InvalidArgument` for a malformed pattern.
 */
export function familiarMatch(pattern: string, reference: Reference): boolean {
  const parts = parsePattern(pattern);
  return matches(parts, familiarString(reference)) || matches(parts, familiarName(reference));
}

type Part = '*' | ((character: string) => boolean);

function parsePattern(pattern: string): Part[] {
  const characters = Array.from(pattern);
  const parts: Part[] = [];
  let at = 0;
  const literal = (): string => {
    const character = characters[at++];
    if (character === undefined || character === '-' || character === ']') throw malformed();
    if (character !== '\\') return character;
    const escaped = characters[at++];
    if (escaped === undefined) throw malformed();
    return escaped;
  };
  const set = (): Part => {
    const negated = characters[at] === '^';
    if (negated) at++;
    const ranges: [string, string][] = [];
    while (ranges.length === 0 || characters[at] !== ']') {
      const low = literal();
      if (characters[at] !== '-') {
        ranges.push([low, low]);
        continue;
      }
      at++;
      ranges.push([low, literal()]);
    }
    at++;
    return (character) =>
      character !== '/' && ranges.some(([low, high]) => low <= character && character <= high) !== negated;
  };
  while (at < characters.length) {
    const character = characters[at++]!;
    if (character === '*') {
      if (parts.at(-1) !== '*') parts.push('*');
    } else if (character === '?') {
      parts.push((other) => other !== '/');
    } else if (character === '[') {
      parts.push(set());
    } else {
      const wanted = character === '\\' ? characters[at++] : character;
      if (wanted === undefined) throw malformed();
      parts.push((other) => other === wanted);
    }
  }
  return parts;
}

function malformed(): WherryError {
  return new WherryError('InvalidArgument', 'syntax error in pattern');
}

/** Going back only to the last `*` is enough, so the time is at most pattern times text. */
function matches(parts: readonly Part[], text: string): boolean {
  const characters = Array.from(text);
  let part = 0;
  let star = -1;
  let starAt = 0;
  for (let at = 0; at < characters.length;) {
    const wanted = parts[part];
    if (wanted === '*') {
      star = part++;
      starAt = at;
    } else if (wanted !== undefined && wanted(characters[at]!)) {
      part++;
      at++;
    } else if (star >= 0 && characters[starAt] !== '/') {
      part = star + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (parts[part] === '*') part++;
  return part === parts.length;
}
