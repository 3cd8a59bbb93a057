import { WherryError } from '../../../errors/index.ts';
import { log_bytes_max, log_files_max } from '../../../limits/index.ts';
import type { LogConfig } from '../config.ts';

/** Options of every driver. */
const common = ['mode', 'max-buffer-size', 'cache-disabled', 'cache-max-size', 'cache-max-file', 'cache-compress'];

/** Drivers that there are, with their own options; null takes any. */
const drivers: Readonly<Record<string, readonly string[] | null>> = {
  'json-file': ['max-size', 'max-file', 'compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag'],
  local: ['max-size', 'max-file', 'compress'],
  none: null,
};

const default_options = { 'max-file': String(log_files_max), 'max-size': `${log_bytes_max / 1024 ** 2}m` };

/** The daemon's config for logs: bounded where nobody says otherwise, so that they never fill a disk. */
export function withLogDefaults({ Type, Config }: LogConfig): LogConfig {
  if (Type !== '' && Type !== 'json-file') return { Type, Config };
  return { Type: 'json-file', Config: { ...default_options, ...Config } };
}

/**
 * @throws WherryError InvalidArgument with Docker's texts
 */
export function validateLogConfig({ Type, Config }: LogConfig): void {
  if (!Object.hasOwn(drivers, Type)) invalid(`logger: no log driver named '${Type}' is registered`);
  const mode = Config['mode'] ?? '';
  if (!['', 'blocking', 'non-blocking'].includes(mode)) invalid(`logger: logging mode not supported: ${mode}`);
  if (Config['max-buffer-size'] !== undefined && mode !== 'non-blocking') {
    invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  const options = drivers[Type];
  if (options === null || options === undefined) return;
  for (const option of Object.keys(Config)) {
    if (!options.includes(option) && !common.includes(option)) {
      invalid(`unknown log opt '${option}' for ${Type} log driver`);
    }
  }
}

export interface LogFiles {
  /** -1 for no bound. */
  readonly bytes_max: number;
  readonly files_max: number;
}

/**
 * How large the files of a log may grow and how many there are; null when nothing is kept.
 *
 * @throws WherryError Unknown with Docker's texts
 */
export function logFiles({ Type, Config }: LogConfig): LogFiles | null {
  if (Type === 'none') return null;
  const fail = (why: string): never => {
    throw new WherryError('Unknown', `failed to initialize logging driver: ${why}`);
  };
  const text = Config['max-size'] ?? (Type === 'local' ? '20m' : '-1');
  const bytes_max = text === '-1' ? -1 : (parseSize(text) ?? fail(`invalid size: '${text}'`));
  if (bytes_max === 0 || bytes_max < -1) fail('max-size must be a positive number');
  const count = Config['max-file'] ?? (Type === 'local' ? '5' : '1');
  const files_max = /^-?\d{1,6}$/.test(count) ? Number(count) : fail(`invalid max-file: "${count}"`);
  if (files_max < 1) fail('max-file cannot be less than 1');
  if (Config['compress'] === 'true' && (files_max < 2 || bytes_max === -1)) {
    fail('compress cannot be true when max-file is less than 2 or max-size is not set');
  }
  return { bytes_max, files_max };
}

/** Bytes of `10m`, `1.5GB`, `2048`; units are powers of 1024. */
function parseSize(text: string): number | null {
  const parts = /^(\d{1,12}(?:\.\d{1,6})?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  if (parts === null) return null;
  return Math.floor(Number(parts[1]) * 1024 ** ['', 'k', 'm', 'g', 't', 'p'].indexOf(parts[2]!.toLowerCase()));
}

function invalid(message: string): never {
  throw new WherryError('InvalidArgument', message);
}
