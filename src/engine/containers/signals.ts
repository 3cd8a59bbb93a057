import { constants } from 'node:os';

import { WherryError } from '../../errors/index.ts';

const realtime_min = 34;
const realtime_max = 64;

/**
 * A signal by number or name, with or without `SIG`, `RTMIN+1` and `RTMAX-1` too.
 *
 * @throws WherryError InvalidArgument with Docker's text
 */
export function parseSignal(text: string): number {
  if (/^\d+$/.test(text)) {
    const number = Number(text);
    if (number === 0) invalid(text);
    return number;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const number = (constants.signals as Record<string, number>)[`SIG${name}`] ?? realtime(name);
  return number ?? invalid(text);
}

function realtime(name: string): number | undefined {
  const parts = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (parts === null) return undefined;
  const [, base, sign, offset = '0'] = parts;
  if (sign !== undefined && (base === 'MIN') !== (sign === '+')) return undefined;
  const number = base === 'MIN' ? realtime_min + Number(offset) : realtime_max - Number(offset);
  return number >= realtime_min && number <= realtime_max ? number : undefined;
}

function invalid(text: string): never {
  throw new WherryError('InvalidArgument', `invalid signal: ${text}`);
}
