import { WherryError } from '../../../errors/index.ts';
import { checkDestination, cleanPath } from './path.ts';
import { no_mount, type PlannedMount } from './plan.ts';

const labels = ['z', 'Z'];
const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
const consistencies = ['consistent', 'cached', 'delegated', 'default'];

/**
 * Reads one of `Binds`: `source:destination[:mode]`, or a destination alone for an anonymous volume.
 *
 * @throws WherryError Unknown with Docker's texts
 */
export function parseBind(spec: string, volume_driver: string): PlannedMount {
  const parts = spec.split(':');
  const [first = '', second, mode = ''] = parts;
  if (parts.length > 3 || parts.some((part) => part === '')) invalid(spec);
  if (second === undefined) {
    if (parseMode(first) !== null) invalid(spec);
    return { ...no_mount, type: 'volume', source: '', destination: destination(spec, first, 'volume'), copy_up: true };
  }
  // `/data:ro` would be a volume without a name and with a mode.
  if (parts.length === 2 && parseMode(second) !== null) invalid(spec);
  const type = first.startsWith('/') ? 'bind' : 'volume';
  const parsed = mode === '' ? no_mode : parseMode(mode);
  if (parsed === null || (type === 'bind' && parsed.nocopy) || (type === 'volume' && parsed.propagation !== '')) {
    throw new WherryError('Unknown', `invalid mode: ${mode}`);
  }
  const to = destination(spec, second, type);
  const { read_only } = parsed;
  if (type === 'volume') {
    const copy_up = !parsed.nocopy;
    return {
      ...no_mount,
      type,
      source: first,
      destination: to,
      read_only,
      mode: mode || 'z',
      copy_up,
      driver: volume_driver,
    };
  }
  const propagation = parsed.propagation || 'rprivate';
  return {
    ...no_mount,
    type,
    source: cleanPath(first),
    destination: to,
    read_only,
    mode,
    propagation,
    create_source: true,
  };
}

interface Mode {
  readonly read_only: boolean;
  readonly nocopy: boolean;
  readonly propagation: string;
}

const no_mode: Mode = { read_only: false, nocopy: false, propagation: '' };

/** null for a word that is none, or two of one kind. */
function parseMode(text: string): Mode | null {
  const seen = new Map<string, string>();
  for (const word of text.split(',')) {
    const kind = kindOf(word);
    if (kind === null || seen.has(kind)) return null;
    seen.set(kind, word);
  }
  return {
    read_only: seen.get('access') === 'ro',
    nocopy: seen.has('copy'),
    propagation: seen.get('propagation') ?? '',
  };
}

function kindOf(word: string): string | null {
  if (word === 'rw' || word === 'ro') return 'access';
  if (word === 'nocopy') return 'copy';
  if (labels.includes(word)) return 'label';
  if (propagations.includes(word)) return 'propagation';
  return consistencies.includes(word) ? 'consistency' : null;
}

function destination(spec: string, text: string, type: PlannedMount['type']): string {
  try {
    return checkDestination(text);
  } catch (cause) {
    return invalid(spec, `: invalid mount config for type "${type}": ${(cause as Error).message}`, cause);
  }
}

function invalid(spec: string, why = '', cause?: unknown): never {
  throw new WherryError('Unknown', `invalid volume specification: '${spec}'${why}`, { cause });
}
