import { WherryError } from '../errors/index.ts';
import { log_bytes_max, log_files_max } from '../limits/index.ts';

/** Where a stream of a task goes, as the create request names it: containerd's paths and URIs. */
export type StdioAddress =
  | { readonly kind: 'none' }
  | { readonly kind: 'path'; readonly path: string; readonly make_folder: boolean }
  | { readonly kind: 'binary'; readonly path: string; readonly args: readonly string[] }
  | { readonly kind: 'json-file'; readonly path: string; readonly bytes_max: number; readonly files_max: number }
  | { readonly kind: 'attach'; readonly once: boolean };

/**
 * Reads one of stdin, stdout, stderr of a create request. `bytes_max` is -1 when the log never turns over.
 *
 * @throws WherryError InvalidArgument for what is no address, Unknown in containerd's words for another scheme
 */
export function parseStdio(address: string): StdioAddress {
  if (address === '') return { kind: 'none' };
  if (address.startsWith('/')) return { kind: 'path', path: address, make_folder: false };
  let url: URL;
  try {
    url = new URL(address);
  } catch (cause) {
    throw new WherryError('InvalidArgument', `Cannot use "${address}" for a task's stream: it is no path and no URI.`, {
      cause,
    });
  }
  switch (url.protocol) {
    case 'none:':
      return { kind: 'none' };
    case 'fifo:':
      return { kind: 'path', path: pathOf(url), make_folder: false };
    case 'file:':
      return { kind: 'path', path: pathOf(url), make_folder: true };
    case 'binary:':
      return {
        kind: 'binary',
        path: pathOf(url),
        args: [...url.searchParams].flatMap(([name, value]) => [name, value]),
      };
    case 'attach:':
      return { kind: 'attach', once: url.searchParams.get('once') === '1' };
    case 'json-file:':
      return {
        kind: 'json-file',
        path: pathOf(url),
        bytes_max: count(url, 'max-size', log_bytes_max),
        files_max: Math.max(1, count(url, 'max-file', log_files_max)),
      };
    default:
      throw new WherryError('Unknown', `unknown STDIO scheme ${url.protocol.slice(0, -1)}`);
  }
}

function pathOf(url: URL): string {
  try {
    return decodeURIComponent(url.pathname);
  } catch (cause) {
    throw new WherryError(
      'InvalidArgument',
      `Cannot use "${url.href}" for a task's stream: its path is not encoded as URIs are.`,
      { cause },
    );
  }
}

function count(url: URL, name: string, otherwise: number): number {
  const text = url.searchParams.get(name);
  if (text === null) return otherwise;
  if (!/^-?\d{1,15}$/.test(text))
    throw new WherryError('InvalidArgument', `Cannot read ${name} of "${url.href}": "${text}" is no number.`);
  return Number(text);
}
