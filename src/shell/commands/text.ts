import { CommandFault } from '../errors.ts';
import { type Input, toBytes, toText } from '../streams.ts';
import { countIn, eachInput, readFlags, type Tool, type ToolContext } from './tool.ts';

const cat: Tool = (context, args) => {
  const flags = readFlags(args, 'nbuevtAET', { number: 'n' });
  let number = 0;
  return eachInput(context, flags.operands, (input) => {
    if (!flags.has('n') && !flags.has('b')) {
      for (let chunk = input.chunk(); chunk !== null; chunk = input.chunk()) context.streams.out.write(chunk);
      return;
    }
    for (const line of input.lines())
      if (flags.has('b') && line === '') context.streams.out.line('');
      else context.streams.out.line(`${String(++number).padStart(6)}\t${line}`);
  });
};

const head: Tool = (context, args) => {
  const { streams } = context;
  const flags = readFlags(withCount(args), 'n:c:qv', { lines: 'n', bytes: 'c' });
  return headed(context, flags.operands, flags.has('q'), (input) => {
    const bytes = flags.value('c');
    if (bytes !== undefined) {
      let left = countIn(bytes);
      while (left > 0) {
        const chunk = input.chunk();
        if (chunk === null) break;
        streams.out.write(chunk.subarray(0, left));
        input.unread(chunk.subarray(left));
        left -= Math.min(left, chunk.length);
      }
      return;
    }
    for (let left = countIn(flags.value('n') ?? '10'); left > 0; left--) {
      const line = input.line();
      if (line === null) break;
      streams.out.write(line);
    }
  });
};

const tail: Tool = (context, args) => {
  const { streams, tree, host } = context;
  const flags = readFlags(withCount(args), 'n:c:qvfF', { lines: 'n', bytes: 'c', follow: 'f' });
  const asked = flags.value('c') ?? flags.value('n') ?? '10';
  const from_start = asked.startsWith('+');
  const count = countIn(asked.replace(/^[-+]/, ''));
  const status = headed(context, flags.operands, flags.has('q'), (input) => {
    if (flags.has('c')) {
      const all = input.all();
      streams.out.write(
        from_start ? all.subarray(Math.max(0, count - 1)) : all.subarray(Math.max(0, all.length - count)),
      );
      return;
    }
    const kept: Uint8Array[] = [];
    let number = 0;
    for (let line = input.line(); line !== null; line = input.line()) {
      if (from_start) {
        if (++number >= count) streams.out.write(line);
        continue;
      }
      kept.push(line);
      if (kept.length > count) kept.shift();
    }
    for (const line of kept) streams.out.write(line);
  });
  const [path] = flags.operands;
  if (path === undefined || !(flags.has('f') || flags.has('F'))) return status;
  let at = tree.stat(path).size;
  for (;;) {
    host.sleep(200_000_000n);
    host.demandGoOn();
    const size = tree.find(path)?.size ?? 0n;
    if (size === at) continue;
    const bytes = tree.read(path, Number.MAX_SAFE_INTEGER);
    streams.out.write(bytes.subarray(size < at ? 0 : Number(at)));
    at = BigInt(bytes.length);
  }
};

/** `-5` for `-n 5`, as it was once. */
function withCount(args: readonly string[]): readonly string[] {
  const [, count] = /^-(\d+)$/.exec(args[0] ?? '') ?? [];
  return count === undefined ? args : ['-n', count, ...args.slice(1)];
}

/** With several files each has its name before it. */
function headed(context: ToolContext, paths: readonly string[], quiet: boolean, act: (input: Input) => void): number {
  let first = true;
  return eachInput(context, paths, (input, path) => {
    if (paths.length > 1 && !quiet) context.streams.out.line(`${first ? '' : '\n'}==> ${path} <==`);
    first = false;
    act(input);
  });
}

const wc: Tool = (context, args) => {
  const { streams } = context;
  const flags = readFlags(args, 'lwcmL', { lines: 'l', words: 'w', bytes: 'c', chars: 'm' });
  const wanted = ['l', 'w', 'm', 'c'].filter((flag) => flags.has(flag));
  const shown = wanted.length === 0 ? ['l', 'w', 'c'] : wanted;
  const totals: Record<string, number> = { l: 0, w: 0, m: 0, c: 0 };
  const print = (counts: Readonly<Record<string, number>>, path: string): void => {
    const alone = shown.length === 1 && flags.operands.length < 2;
    const words = shown.map((flag) => (alone ? String(counts[flag]) : String(counts[flag]).padStart(9)));
    streams.out.line([words.join(alone ? '' : ' '), ...(path === '-' ? [] : [path])].join(' '));
  };
  const status = eachInput(context, flags.operands, (input, path) => {
    const counts: Record<string, number> = { l: 0, w: 0, m: 0, c: 0 };
    for (let line = input.line(); line !== null; line = input.line()) {
      const text = toText(line);
      if (text.endsWith('\n')) counts['l']!++;
      counts['w']! += text.split(/\s+/).filter((word) => word !== '').length;
      counts['m']! += Array.from(text).length;
      counts['c']! += line.length;
    }
    for (const key of Object.keys(totals)) totals[key]! += counts[key]!;
    print(counts, path);
  });
  if (flags.operands.length > 1) print(totals, 'total');
  return status;
};

const sort: Tool = (context, args) => {
  const { streams, tree } = context;
  const flags = readFlags(args, 'nrufbdgo:k:t:s', { reverse: 'r', unique: 'u', 'numeric-sort': 'n' });
  const lines: string[] = [];
  const status = eachInput(context, flags.operands, (input) => void lines.push(...input.lines()));
  const [, field, letters = ''] = /^(\d+)(?:\.\d+)?([nrfb]*)(?:,\d*[nrfb]*)?$/.exec(flags.value('k') ?? '0') ?? [];
  if (field === undefined) throw new CommandFault(`bad field specification "${flags.value('k')}"`);
  const separator = flags.value('t');
  const keyOf = (line: string): string => {
    let key = line;
    if (field !== '0') {
      const fields = separator === undefined ? line.trim().split(/\s+/) : line.split(separator);
      key = fields.slice(Number(field) - 1).join(separator ?? ' ');
    }
    return flags.has('f') || letters.includes('f') ? key.toLowerCase() : key;
  };
  const numeric = flags.has('n') || flags.has('g') || letters.includes('n');
  const valueOf = (key: string): number => Number(/^\s*-?\d*\.?\d+/.exec(key)?.[0] ?? 0);
  const reverse = flags.has('r') || letters.includes('r') ? -1 : 1;
  const keyed = lines.map((line) => ({ line, key: keyOf(line) }));
  const compare = (a: { key: string }, b: { key: string }): number => {
    if (numeric) return valueOf(a.key) - valueOf(b.key);
    return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
  };
  keyed.sort(
    (a, b) => reverse * (compare(a, b) || (flags.has('u') ? 0 : a.line < b.line ? -1 : a.line > b.line ? 1 : 0)),
  );
  const kept = flags.has('u') ? keyed.filter((each, i) => i === 0 || compare(each, keyed[i - 1]!) !== 0) : keyed;
  const text = kept.map(({ line }) => `${line}\n`).join('');
  const target = flags.value('o');
  if (target === undefined) streams.out.text(text);
  else tree.write(target, toBytes(text));
  return status;
};

const uniq: Tool = (context, args) => {
  const { streams } = context;
  const flags = readFlags(args, 'cdui', { count: 'c', repeated: 'd', unique: 'u' });
  let last: string | null = null;
  let count = 0;
  const end = (): void => {
    if (last === null || (flags.has('d') && count < 2) || (flags.has('u') && count > 1)) return;
    streams.out.line(flags.has('c') ? `${String(count).padStart(7)} ${last}` : last);
  };
  const same = (a: string, b: string): boolean => (flags.has('i') ? a.toLowerCase() === b.toLowerCase() : a === b);
  const status = eachInput(context, flags.operands.slice(0, 1), (input) => {
    for (const line of input.lines()) {
      if (last !== null && same(line, last)) {
        count++;
        continue;
      }
      end();
      last = line;
      count = 1;
    }
  });
  end();
  return status;
};

const cut: Tool = (context, args) => {
  const flags = readFlags(args, 'd:f:c:b:s', { delimiter: 'd', fields: 'f', characters: 'c', bytes: 'b' });
  const list = flags.value('f') ?? flags.value('c') ?? flags.value('b');
  if (list === undefined) throw new CommandFault('expected a list of bytes, characters, or fields');
  const ranges = list.split(',').map((range) => {
    const found = /^(\d*)(-?)(\d*)$/.exec(range);
    if (found === null || range === '' || range === '-') throw new CommandFault(`invalid range ${range}`);
    const first = Number(found[1] || 1);
    return { first, last: found[2] === '' ? first : Number(found[3] || Number.MAX_SAFE_INTEGER) };
  });
  const picked = (at: number): boolean => ranges.some(({ first, last }) => at >= first && at <= last);
  const separator = flags.value('d') ?? '\t';
  return eachInput(context, flags.operands, (input) => {
    for (const line of input.lines()) {
      const by_field = flags.has('f');
      if (by_field && !line.includes(separator)) {
        if (!flags.has('s')) context.streams.out.line(line);
        continue;
      }
      const pieces = by_field ? line.split(separator) : Array.from(line);
      context.streams.out.line(pieces.filter((_, i) => picked(i + 1)).join(by_field ? separator : ''));
    }
  });
};

const tr: Tool = (context, args) => {
  const { streams } = context;
  const flags = readFlags(args, 'cCds', { delete: 'd', complement: 'c', 'squeeze-repeats': 's' });
  const [from, to] = flags.operands.map(characters);
  if (from === undefined) throw new CommandFault('an operand is missing');
  const complement = flags.has('c') || flags.has('C');
  const set = new Set(from);
  const inSet = (char: string): boolean => set.has(char) !== complement;
  const squeezed = new Set(to ?? from);
  let before = '';
  for (let chunk = streams.in.line(); chunk !== null; chunk = streams.in.line()) {
    let text = '';
    for (const char of toText(chunk)) {
      let out = char;
      if (flags.has('d') && inSet(char)) continue;
      if (to !== undefined && !flags.has('d') && inSet(char)) {
        const at = complement ? to.length - 1 : Math.min(from.lastIndexOf(char), to.length - 1);
        out = to[at] ?? '';
      }
      const squeezes = flags.has('s') && (to === undefined ? inSet(out) : squeezed.has(out));
      if (squeezes && out === before) continue;
      before = out;
      text += out;
    }
    streams.out.text(text);
  }
  return 0;
};

const tr_classes: Readonly<Record<string, string>> = {
  upper: 'A-Z',
  lower: 'a-z',
  digit: '0-9',
  alpha: 'A-Za-z',
  alnum: 'A-Za-z0-9',
  space: ' \\t\\n\\r\\f\\v',
  blank: ' \\t',
  punct: '!-/:-@[-`{-~',
  xdigit: '0-9A-Fa-f',
};

/** The characters of a set of tr(1). */
function characters(set: string): string[] {
  const text = set.replace(/\[:(\w+):\]/g, (whole, name: string) => tr_classes[name] ?? whole);
  const plain: string[] = [];
  const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v', '0': '\0' };
  for (const [, octal, escape, char] of text.matchAll(/\\([0-7]{1,3})|\\([^])|([^])/gu))
    plain.push(
      octal !== undefined
        ? String.fromCharCode(Number.parseInt(octal, 8) & 255)
        : escape !== undefined
          ? (escapes[escape] ?? escape)
          : char!,
    );
  const out: string[] = [];
  for (let i = 0; i < plain.length; i++) {
    const last = plain[i + 2];
    if (plain[i + 1] !== '-' || last === undefined) {
      out.push(plain[i]!);
      continue;
    }
    const [a, b] = [plain[i]!.codePointAt(0)!, last.codePointAt(0)!];
    if (b - a > 65_536) throw new CommandFault('the range is too long');
    for (let code = a; code <= b; code++) out.push(String.fromCodePoint(code));
    i += 2;
  }
  return out;
}

const tee: Tool = ({ streams, tree }, args) => {
  const flags = readFlags(args, 'ai', { append: 'a' });
  const files = flags.operands.map((path) => tree.openToWrite(path, flags.has('a')));
  try {
    for (let chunk = streams.in.chunk(); chunk !== null; chunk = streams.in.chunk()) {
      streams.out.write(chunk);
      for (const file of files) for (let at = 0; at < chunk.length;) at += file.write([chunk.subarray(at)]) as number;
    }
  } finally {
    for (const file of files) file.close();
  }
  return 0;
};

const rev: Tool = (context, args) =>
  eachInput(context, args, (input) => {
    for (const line of input.lines()) context.streams.out.line(Array.from(line).reverse().join(''));
  });

const nl: Tool = (context, args) => cat(context, ['-b', ...readFlags(args, 'b:').operands]);

const hexdump: Tool = (context, args) => {
  const flags = readFlags(args, 'Cvn:', {});
  let at = 0;
  let left: Uint8Array = new Uint8Array(0);
  const print = (bytes: Uint8Array): void => {
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
    const columns = [hex.slice(0, 8).join(' ').padEnd(23), hex.slice(8).join(' ').padEnd(23)].join('  ');
    const text = Array.from(bytes, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.')).join('');
    context.streams.out.line(`${at.toString(16).padStart(8, '0')}  ${columns}  |${text}|`);
    at += bytes.length;
  };
  const status = eachInput(context, flags.operands, (input) => {
    for (let chunk = input.chunk(); chunk !== null; chunk = input.chunk()) {
      const all = new Uint8Array(left.length + chunk.length);
      all.set(left);
      all.set(chunk, left.length);
      const whole = all.length - (all.length % 16);
      for (let i = 0; i < whole; i += 16) print(all.subarray(i, i + 16));
      left = all.subarray(whole);
    }
  });
  if (left.length > 0) print(left);
  context.streams.out.line(at.toString(16).padStart(8, '0'));
  return status;
};

export const text_tools: Readonly<Record<string, Tool>> = {
  cat,
  head,
  tail,
  wc,
  sort,
  uniq,
  cut,
  tr,
  tee,
  rev,
  nl,
  hexdump,
};
