// Rust's old mangling writes what an identifier cannot have in this way.
const escapes: Readonly<Record<string, string>> = {
  SP: '@',
  BP: '*',
  RF: '&',
  LT: '<',
  GT: '>',
  LP: '(',
  RP: ')',
  C: ',',
};

/** The hash that Rust puts behind a path to tell its versions apart. */
const hash = /::h[0-9a-f]{16}$/;

/**
 * A name as its source has it, of one that a linker knows: a path `a::b::c` of what Rust (its old mangling) and C++
 * make of plain paths. Null for what has parameters of templates and the like in it, and for Rust's new mangling.
 */
export function readableName(linkage: string): string | null {
  const path = /^_ZN([KVrRO]*)(\d.*)E/.exec(linkage)?.[2];
  if (path === undefined) return null;
  const parts: string[] = [];
  for (let at = 0; at < path.length;) {
    const digits = /^\d+/.exec(path.slice(at, at + 6))?.[0];
    // Behind the path stand the parameters' types, of which there may be an E as well.
    if (digits === undefined) return path.slice(at).startsWith('E') && parts.length > 0 ? finish(parts) : null;
    const start = at + digits.length;
    at = start + Number(digits);
    if (at > path.length || at === start) return null;
    parts.push(path.slice(start, at));
  }
  return finish(parts);
}

function finish(parts: readonly string[]): string {
  return withoutHash(parts.map(unescape).join('::'));
}

function unescape(part: string): string {
  return part
    .replace(/^_(?=\$)/, '')
    .replaceAll(
      /\$(?:u([0-9a-f]{1,6})|([A-Z]{1,2}))\$/g,
      (whole, code: string | undefined, name: string | undefined) => {
        if (name !== undefined) return escapes[name] ?? whole;
        const point = Number.parseInt(code!, 16);
        return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
      },
    )
    .replaceAll('..', '::');
}

/** A name without the hash that Rust ends it with. */
export function withoutHash(name: string): string {
  return name.replace(hash, '');
}
