const simple: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
};

/** What a quoted text of a filter says; null when it says nothing. Its escapes are Go's. */
export function unquote(text: string): string | null {
  const quote = text[0] ?? '';
  const inner = text.slice(1, -1);
  const pieces: string[] = [];
  for (let at = 0; at < inner.length;) {
    const rune = inner[at] as string;
    if (rune !== '\\') {
      pieces.push(rune);
      at++;
      continue;
    }
    const escape = inner[at + 1] ?? '';
    if (escape === quote || Object.hasOwn(simple, escape)) {
      pieces.push(escape === quote ? quote : (simple[escape] as string));
      at += 2;
      continue;
    }
    const number = /^(?:([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(inner.slice(at + 1));
    if (number === null) return null;
    const code = number[1] === undefined ? Number.parseInt(number[0].slice(1), 16) : Number.parseInt(number[1], 8);
    if (code > 0x10_ffff || (code >= 0xd800 && code < 0xe000) || (number[1] !== undefined && code > 255)) return null;
    pieces.push(String.fromCodePoint(code));
    at += 1 + number[0].length;
  }
  return pieces.join('');
}
