import type { Cursor } from './cursor.ts';
import type { List, Part, Word } from './tree.ts';

/** Characters that end a word where they are not quoted. */
const ends_word = ' \t\n;&|<>()';

/** Reads a list of commands up to, and without, the closing parenthesis. */
type ReadList = (cursor: Cursor) => List;

/** Reads a word; null when there is none here. */
export function readWord(cursor: Cursor, readList: ReadList): Word | null {
  const parts = readParts(cursor, readList, (char) => ends_word.includes(char));
  return parts.length === 0 ? null : parts;
}

/** Reads the text of a here-document, in which only `$`, backquotes and backslashes mean something. */
export function readHereText(cursor: Cursor, readList: ReadList): Word {
  return readQuoted(cursor, readList, () => false);
}

function readParts(cursor: Cursor, readList: ReadList, ends: (char: string) => boolean): Part[] {
  const parts: Part[] = [];
  let text = '';
  const flush = (): void => {
    if (text !== '') parts.push({ kind: 'text', text, quoted: false });
    text = '';
  };
  for (let char = cursor.peek(); char !== '' && !ends(char); char = cursor.peek()) {
    switch (char) {
      case "'": {
        flush();
        cursor.next();
        parts.push({ kind: 'text', text: cursor.until("'", 'a single quote'), quoted: true });
        break;
      }
      case '"': {
        flush();
        cursor.next();
        const inner = readQuoted(cursor, readList, (each) => each === '"');
        cursor.expect('"', 'a double quote');
        // An empty pair of quotes is a word, too.
        parts.push(...(inner.length === 0 ? [{ kind: 'text', text: '', quoted: true } as const] : inner));
        break;
      }
      case '\\': {
        cursor.next();
        const escaped = cursor.next();
        if (escaped === '\n') break;
        flush();
        parts.push({ kind: 'text', text: escaped, quoted: true });
        break;
      }
      case '$':
      case '`': {
        const part = readExpansion(cursor, readList, false);
        if (part === null) {
          text += cursor.next();
          break;
        }
        flush();
        parts.push(part);
        break;
      }
      default:
        text += cursor.next();
    }
  }
  flush();
  return parts;
}

function readQuoted(cursor: Cursor, readList: ReadList, ends: (char: string) => boolean): Part[] {
  const parts: Part[] = [];
  let text = '';
  const flush = (): void => {
    if (text !== '') parts.push({ kind: 'text', text, quoted: true });
    text = '';
  };
  for (let char = cursor.peek(); char !== '' && !ends(char); char = cursor.peek()) {
    if (char === '\\') {
      cursor.next();
      const escaped = cursor.next();
      if (escaped === '\n') continue;
      text += '$`"\\'.includes(escaped) && escaped !== '' ? escaped : `\\${escaped}`;
      continue;
    }
    const part = char === '$' || char === '`' ? readExpansion(cursor, readList, true) : null;
    if (part === null) text += cursor.next();
    else {
      flush();
      parts.push(part);
    }
  }
  flush();
  return parts;
}

/** What `$` or a backquote begins; null for a dollar sign that is only one. */
function readExpansion(cursor: Cursor, readList: ReadList, quoted: boolean): Part | null {
  if (cursor.peek() === '`') {
    cursor.next();
    const text = cursor.untilUnescaped('`', 'a backquote');
    return { kind: 'command', list: readList(cursor.inside(text)), quoted };
  }
  const [first, second] = [cursor.peek(1), cursor.peek(2)];
  if (first === '(' && second === '(') {
    const start = cursor.position;
    cursor.skip(3);
    const expression = readQuotedArithmetic(cursor, readList);
    if (expression !== null) return { kind: 'arithmetic', expression, quoted };
    cursor.position = start;
  }
  if (first === '(') {
    cursor.skip(2);
    const list = readList(cursor);
    cursor.expect(')', 'a closing parenthesis');
    return { kind: 'command', list, quoted };
  }
  if (first === '{') {
    cursor.skip(2);
    return readBraced(cursor, readList, quoted);
  }
  const name = /^(?:[A-Za-z_]\w*|[0-9@*#?$!-])/.exec(cursor.rest(1))?.[0];
  if (name === undefined) return null;
  cursor.skip(1 + name.length);
  return { kind: 'parameter', name, operator: '', word: [], quoted };
}

/** Up to `))`; null when the parentheses turn out to be those of commands. */
function readQuotedArithmetic(cursor: Cursor, readList: ReadList): Word | null {
  let depth = 0;
  const parts: Part[] = [];
  for (;;) {
    const inner = readQuoted(cursor, readList, (char) => char === '(' || char === ')');
    parts.push(...inner);
    const char = cursor.next();
    if (char === '') return null;
    if (char === ')' && depth === 0) return cursor.next() === ')' ? parts : null;
    depth += char === '(' ? 1 : -1;
    parts.push({ kind: 'text', text: char, quoted: true });
  }
}

function readBraced(cursor: Cursor, readList: ReadList, quoted: boolean): Part {
  const length = cursor.peek() === '#' && cursor.peek(1) !== '}';
  if (length) cursor.next();
  const name = /^(?:[A-Za-z_]\w*|\d+|[@*#?$!-])/.exec(cursor.rest(0))?.[0];
  if (name === undefined) throw cursor.error('bad substitution');
  cursor.skip(name.length);
  if (length) {
    cursor.expect('}', 'a closing brace');
    return { kind: 'parameter', name, operator: 'length', word: [], quoted };
  }
  if (cursor.peek() === '}') {
    cursor.next();
    return { kind: 'parameter', name, operator: '', word: [], quoted };
  }
  const operator = /^(?::[-=?+]|##|%%|[-=?+#%])/.exec(cursor.rest(0))?.[0];
  if (operator === undefined) throw cursor.error('bad substitution');
  cursor.skip(operator.length);
  const ends = (char: string): boolean => char === '}';
  const word = quoted ? readQuoted(cursor, readList, ends) : readParts(cursor, readList, ends);
  cursor.expect('}', 'a closing brace');
  return { kind: 'parameter', name, operator: operator as '-', word, quoted };
}
