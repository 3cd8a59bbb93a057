import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { WherryError } from '../errors/index.ts';
import { userId } from '../os/index.ts';
import { type Level, levels } from './log.ts';

/** What a daemon is told: by flags, by `daemon.json`, by the environment, in this order. */
export interface Settings {
  /** `unix://` and `tcp://` addresses; empty for the socket in the state folder alone. */
  readonly hosts: readonly string[];
  readonly root: string;
  readonly state: string;
  readonly log_level: Level;
  readonly debug: boolean;
  readonly labels: readonly string[];
  readonly insecure_registries: readonly string[];
  readonly log_driver: string;
  readonly log_options: Readonly<Record<string, string>>;
  /** Seconds without use after which the daemon ends itself; null to stay. */
  readonly idle_exit_s: number | null;
  readonly pid_file: string | null;
  /** How guests are started; left out, the shim chooses. */
  readonly way?: 'fork' | 'spawn';
}

const flags = {
  host: { type: 'string', short: 'H', multiple: true },
  'data-root': { type: 'string' },
  'exec-root': { type: 'string' },
  'config-file': { type: 'string' },
  'log-level': { type: 'string', short: 'l' },
  debug: { type: 'boolean', short: 'D' },
  label: { type: 'string', multiple: true },
  'insecure-registry': { type: 'string', multiple: true },
  'log-driver': { type: 'string' },
  'log-opt': { type: 'string', multiple: true },
  pidfile: { type: 'string', short: 'p' },
  'idle-exit': { type: 'string' },
  'guest-start': { type: 'string' },
  version: { type: 'boolean', short: 'v' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** Keys of Docker's `daemon.json` that mean something here; all others are an error, as dockerd has it. */
interface ConfigFile {
  hosts?: string[];
  'data-root'?: string;
  'exec-root'?: string;
  'log-level'?: string;
  debug?: boolean;
  labels?: string[];
  'insecure-registries'?: string[];
  'log-driver'?: string;
  'log-opts'?: Record<string, string>;
  pidfile?: string;
}

const config_keys: Readonly<Record<string, 'string' | 'strings' | 'boolean' | 'map'>> = {
  hosts: 'strings',
  'data-root': 'string',
  'exec-root': 'string',
  'log-level': 'string',
  debug: 'boolean',
  labels: 'strings',
  'insecure-registries': 'strings',
  'log-driver': 'string',
  'log-opts': 'map',
  pidfile: 'string',
};

export const help: string = `Usage: wherry daemon [OPTIONS]

  -H, --host ADDRESS           listen here (unix:///path, tcp://host:port; repeatable)
      --data-root PATH         where images, containers and volumes are kept
      --exec-root PATH         where sockets and what runs are kept
      --config-file PATH       daemon.json (default /etc/wherry/daemon.json where it exists)
      --label KEY=VALUE        label of this daemon (repeatable)
      --insecure-registry HOST speak plain http to this registry (repeatable)
      --log-driver DRIVER      default of containers: json-file, local, none
      --log-opt KEY=VALUE      default option of the log driver (repeatable)
  -l, --log-level LEVEL        debug, info, warn, error, fatal
  -D, --debug                  the same as --log-level debug
  -p, --pidfile PATH           write the pid here
      --idle-exit SECONDS      end after so long without use
      --guest-start WAY        start guests by fork or spawn
  -v, --version                print the version
`;

/** What the command line asks for besides running. */
export type Asked = { readonly kind: 'run'; readonly settings: Settings } | { readonly kind: 'help' | 'version' };

/**
 * Reads the command line and what it points to.
 *
 * @throws WherryError InvalidArgument naming the flag or key
 */
export function readSettings(argv: readonly string[], env: NodeJS.ProcessEnv): Asked {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (cause) {
    throw new WherryError(
      'InvalidArgument',
      `${(cause as Error).message.split('. To specify', 1)[0]}. See 'wherry daemon --help'.`,
      { cause },
    );
  }
  if (values.help === true) return { kind: 'help' };
  if (values.version === true) return { kind: 'version' };
  const file = readConfigFile(values['config-file']);
  conflicts(values, file);
  const debug = values.debug ?? file.debug ?? false;
  const level = values['log-level'] ?? file['log-level'] ?? (debug ? 'debug' : 'info');
  if (!levels.includes(level as Level)) throw wrong(`invalid logging level: ${level}`);
  const way = values['guest-start'];
  if (way !== undefined && way !== 'fork' && way !== 'spawn') throw wrong(`--guest-start is fork or spawn, not ${way}`);
  const idle = values['idle-exit'];
  if (idle !== undefined && !/^\d{1,9}$/.test(idle)) throw wrong(`--idle-exit takes seconds, not "${idle}"`);
  return {
    kind: 'run',
    settings: {
      hosts: values.host ?? file.hosts ?? [],
      root: values['data-root'] ?? file['data-root'] ?? defaultRoot(env),
      state: values['exec-root'] ?? file['exec-root'] ?? defaultState(env),
      log_level: level as Level,
      debug,
      labels: values.label ?? file.labels ?? [],
      insecure_registries: values['insecure-registry'] ?? file['insecure-registries'] ?? [],
      log_driver: values['log-driver'] ?? file['log-driver'] ?? 'json-file',
      log_options: file['log-opts'] ?? Object.fromEntries((values['log-opt'] ?? []).map(pair)),
      idle_exit_s: idle === undefined ? null : Number(idle),
      pid_file: values.pidfile ?? file.pidfile ?? null,
      ...(way === undefined ? {} : { way }),
    },
  };
}

function parse(argv: readonly string[]) {
  return parseArgs({ args: [...argv], options: flags, allowPositionals: false }).values;
}

function readConfigFile(named: string | undefined): ConfigFile {
  const path = named ?? '/etc/wherry/daemon.json';
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if (named === undefined) return {};
    throw wrong(`unable to configure the daemon with file ${path}: ${(cause as Error).message}`);
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw wrong(`unable to configure the daemon with file ${path}: ${(cause as Error).message}`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw wrong(`unable to configure the daemon with file ${path}: it is no object`);
  const unknown = Object.keys(parsed).filter((key) => !Object.hasOwn(config_keys, key));
  if (unknown.length > 0)
    throw wrong(
      `unable to configure the daemon with file ${path}: the following directives don't match any configuration option: ${unknown.join(', ')}`,
    );
  for (const [key, value] of Object.entries(parsed))
    if (!fits(value, config_keys[key]!))
      throw wrong(`unable to configure the daemon with file ${path}: ${key} has the wrong type`);
  return parsed as ConfigFile;
}

function fits(value: unknown, type: 'string' | 'strings' | 'boolean' | 'map'): boolean {
  if (type === 'strings') return Array.isArray(value) && value.every((each) => typeof each === 'string');
  if (type === 'map')
    return (
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every((each) => typeof each === 'string')
    );
  return typeof value === type;
}

/** As dockerd: what is said twice, by a flag and in the file, is an error and not a guess. */
function conflicts(values: ReturnType<typeof parse>, file: ConfigFile): void {
  const given = values as Record<string, unknown>;
  const names: Record<string, keyof ConfigFile> = {
    host: 'hosts',
    label: 'labels',
    'insecure-registry': 'insecure-registries',
    'log-opt': 'log-opts',
  };
  for (const flag of Object.keys(given)) {
    const key = names[flag] ?? (flag as keyof ConfigFile);
    if (file[key] === undefined) continue;
    throw wrong(
      `the following directives are specified both as a flag and in the configuration file: ${key}: (from flag: ${JSON.stringify(given[flag])}, from file: ${JSON.stringify(file[key])})`,
    );
  }
}

function pair(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw wrong(`--log-opt takes KEY=VALUE, not "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function defaultRoot(env: NodeJS.ProcessEnv): string {
  if (env['WHERRY_ROOT']) return env['WHERRY_ROOT'];
  if (userId() === 0) return '/var/lib/wherry';
  return `${env['XDG_DATA_HOME'] || `${env['HOME'] ?? ''}/.local/share`}/wherry`;
}

function defaultState(env: NodeJS.ProcessEnv): string {
  if (env['WHERRY_STATE']) return env['WHERRY_STATE'];
  if (userId() === 0) return '/run/wherry';
  return env['XDG_RUNTIME_DIR'] ? `${env['XDG_RUNTIME_DIR']}/wherry` : `/tmp/wherry-${userId()}`;
}

function wrong(why: string): WherryError {
  return new WherryError('InvalidArgument', why);
}
