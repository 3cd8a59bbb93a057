import { CommandFault } from '../errors.ts';
import type { Output } from '../streams.ts';

const simple: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  e: '\u001b',
};

/** `text` with what its backslashes stand for, as echo(1) and `%b` have it; `\c` ends all output. */
export function withEscapes(text: string): { readonly text: string; readonly ended: boolean } {
  let ended = false;
  const whole = text.replace(
    /\\(?:0([0-7]{0,3})|x([0-9A-Fa-f]{1,2})|([1-7][0-7]{0,2})|([abfnrtv\\e])|(c[^]*))/g,
    (_, octal?: string, hex?: string, digits?: string, letter?: string, end?: string) => {
      if (end !== undefined) {
        ended = true;
        return '';
      }
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal || '0', 8) & 255);
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (digits !== undefined) return String.fromCharCode(Number.parseInt(digits, 8) & 255);
      return simple[letter!]!;
    },
  );
  return { text: whole, ended };
}

const directive = /%(?:%|([-+ 0#]*)(\*|\d{1,4})?(?:\.(\*|\d{1,4}))?([diouxXcsbfeEgG]))/g;

/**
 * `printf FORMAT [ARGUMENT...]`: the format is used again as long as there are arguments.
 *
 * @throws CommandFault without a format, or for an argument that is no number
 */
export function printf(args: readonly string[], out: Output): number {
  const [format, ...given] = args[0] === '--' ? args.slice(1) : args;
  if (format === undefined) throw new CommandFault('usage: printf FORMAT [ARGUMENT...]', 2);
  let at = 0;
  const next = (): string | undefined => given[at++];
  for (let first = true; first || at < given.length; first = false) {
    const before = at;
    let ended = false;
    const pieces: string[] = [];
    let last = 0;
    for (const found of format.matchAll(directive)) {
      pieces.push(withEscapes(format.slice(last, found.index)).text);
      last = found.index + found[0].length;
      const { text: printed, ended: ends } = formatted(found, next);
      pieces.push(printed);
      if (ends) {
        ended = true;
        break;
      }
    }
    if (!ended) pieces.push(withEscapes(format.slice(last)).text);
    out.text(pieces.join(''));
    // A format that takes no arguments is used once.
    if (ended || at === before) break;
  }
  return 0;
}

function formatted(
  [whole, flags = '', width, precision, conversion]: RegExpExecArray,
  next: () => string | undefined,
): { readonly text: string; readonly ended: boolean } {
  if (whole === '%%') return { text: '%', ended: false };
  const sized = (text: string | undefined): number | null => {
    if (text === undefined) return null;
    return text === '*' ? Math.min(4096, Math.trunc(numberIn(next() ?? '0'))) : Number(text);
  };
  const wide = sized(width) ?? 0;
  const exact = sized(precision);
  const argument = next();
  let ended = false;
  let text: string;
  switch (conversion) {
    case 'c':
      text = (argument ?? '')[0] ?? '';
      break;
    case 'b':
      ({ text, ended } = withEscapes(argument ?? ''));
      break;
    case 's':
      text = exact === null ? (argument ?? '') : (argument ?? '').slice(0, exact);
      break;
    default:
      text = numeric(conversion!, numberIn(argument ?? '0'), flags, exact);
  }
  const padding = Math.max(0, Math.abs(wide) - text.length);
  if (flags.includes('-') || wide < 0) return { text: text + ' '.repeat(padding), ended };
  const zeros = flags.includes('0') && !'cbs'.includes(conversion!);
  const sign = zeros ? (/^[-+ ]/.exec(text)?.[0] ?? '') : '';
  return { text: sign + (zeros ? '0' : ' ').repeat(padding) + text.slice(sign.length), ended };
}

function numeric(conversion: string, value: number, flags: string, exact: number | null): string {
  const sign = value < 0 ? '-' : flags.includes('+') ? '+' : flags.includes(' ') ? ' ' : '';
  const size = Math.abs(value);
  const digits = (text: string): string => text.padStart(exact ?? 0, '0');
  switch (conversion) {
    case 'o':
      return digits(Math.trunc(size).toString(8));
    case 'x':
      return (flags.includes('#') ? '0x' : '') + digits(Math.trunc(size).toString(16));
    case 'X':
      return (flags.includes('#') ? '0X' : '') + digits(Math.trunc(size).toString(16).toUpperCase());
    case 'f':
      return sign + size.toFixed(Math.min(exact ?? 6, 100));
    case 'e':
    case 'E': {
      const text = size.toExponential(Math.min(exact ?? 6, 100)).replace(/e([-+])(\d)$/, 'e$10$2');
      return sign + (conversion === 'E' ? text.toUpperCase() : text);
    }
    case 'g':
    case 'G':
      return sign + String(Number(size.toPrecision(Math.min(Math.max(exact ?? 6, 1), 100))));
    default:
      return sign + digits(String(Math.trunc(size)));
  }
}

function numberIn(text: string): number {
  const quoted = /^["'](.)/su.exec(text);
  if (quoted !== null) return quoted[1]!.codePointAt(0)!;
  const value = /^\s*[-+]?(?:0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][-+]?\d+)?|\.\d+)\s*$/.test(text)
    ? Number(text)
    : Number.NaN;
  if (text.trim() === '') return 0;
  if (Number.isNaN(value)) throw new CommandFault(`invalid number '${text}'`);
  return value;
}
