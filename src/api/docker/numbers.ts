import { WherryError } from '../../errors/index.ts';

/**
 * A point in time as Docker's log and event requests have it, Unix seconds with up to nine digits after the point, in
 * nanoseconds; 0 for none.
 *
 * @throws WherryError InvalidArgument with Docker's text
 */
export function parseTimestamp(name: string, text: string, quote: string): bigint {
  if (text === '') return 0n;
  const [, seconds = '', fraction = ''] = /^(-?\d{1,12})(?:\.(\d{1,9}))?$/.exec(text) ?? [];
  if (seconds === '') {
    const said = text.split('.', 1)[0]!;
    throw new WherryError(
      'InvalidArgument',
      `invalid value for ${quote}${name}${quote}: invalid timestamp "${text}": invalid seconds "${said}": invalid syntax`,
    );
  }
  return BigInt(seconds) * 1_000_000_000n + BigInt(fraction.padEnd(9, '0'));
}

/**
 * A whole number of a query; null where there is none.
 *
 * @throws WherryError InvalidArgument
 */
export function integerParameter(query: URLSearchParams, name: string): number | null {
  const text = query.get(name) ?? '';
  if (text === '') return null;
  if (!/^[+-]?\d{1,10}$/.test(text)) {
    throw new WherryError('InvalidArgument', `invalid value for ${name}: "${text}": invalid syntax`);
  }
  return Number(text);
}

/** What a client that goes away before its answer is aborted with: settles then, and never otherwise. */
export function gone(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(null);
    else signal.addEventListener('abort', () => resolve(null), { once: true });
  });
}

/**
 * A side of a terminal.
 *
 * @throws WherryError InvalidArgument with Docker's texts
 */
export function dimension(query: URLSearchParams, key: string, name: string): number {
  const text = query.get(key) ?? '';
  const wrong = (why: string): never => {
    throw new WherryError('InvalidArgument', `invalid resize ${name} "${text}": ${why}`);
  };
  if (!/^\d+$/.test(text)) return wrong('invalid syntax');
  return Number(text) < 2 ** 32 ? Number(text) : wrong('value out of range');
}
