const named: Readonly<Record<string, number>> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

/** The bytes of a detach sequence such as `ctrl-p,ctrl-q`; null when it is none. '' is Docker's default. */
export function parseDetachKeys(text: string): readonly number[] | null {
  const bytes: number[] = [];
  for (const key of (text === '' ? 'ctrl-p,ctrl-q' : text).split(',')) {
    if (key.length === 1) {
      bytes.push(key.charCodeAt(0));
      continue;
    }
    if (!key.startsWith('ctrl-') || key.length !== 6) return null;
    const last = key[5]!.toLowerCase();
    const code = last >= 'a' && last <= 'z' ? last.charCodeAt(0) - 96 : named[last];
    if (code === undefined) return null;
    bytes.push(code);
  }
  return bytes;
}

/** Looks for a detach sequence in what a client types. */
export class DetachWatcher {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /** The bytes to pass on, and whether the sequence was completed. Keys of a sequence that breaks off are passed on. */
  push(chunk: Buffer): { readonly pass: Buffer; readonly detached: boolean } {
    const pass: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.#keys.length) return { pass: Buffer.from(pass), detached: true };
        continue;
      }
      pass.push(...this.#keys.slice(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) pass.push(byte);
    }
    return { pass: Buffer.from(pass), detached: false };
  }
}
