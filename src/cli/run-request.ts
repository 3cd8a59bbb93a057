import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { WherryError } from '../errors/index.ts';
import { parseSize } from './human.ts';

/** The options of `wherry run` as commander gives them. */
export interface RunOptions {
  readonly detach?: boolean;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly rm?: boolean;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly workdir?: string;
  readonly volume: readonly string[];
  readonly mount: readonly string[];
  readonly tmpfs: readonly string[];
  readonly name?: string;
  readonly entrypoint?: string;
  readonly readOnly?: boolean;
  readonly user?: string;
  readonly memory?: string;
  readonly label: readonly string[];
  readonly restart?: string;
  readonly platform?: string;
  readonly pull: string;
  readonly publish: readonly string[];
  readonly publishAll?: boolean;
  readonly hostname?: string;
  readonly network?: string;
  readonly stopSignal?: string;
  readonly stopTimeout?: string;
  readonly logDriver?: string;
  readonly logOpt: readonly string[];
  readonly detachKeys?: string;
  readonly debug?: boolean;
  readonly coredump?: boolean;
  readonly quiet?: boolean;
}

/**
 * The body of `POST /containers/create` for a run.
 *
 * @throws WherryError InvalidArgument naming the flag that cannot be read, as Docker's CLI does
 */
export function createBody(image: string, args: readonly string[], options: RunOptions): Record<string, unknown> {
  const attached = options.detach !== true;
  const memory = options.memory === undefined ? 0 : parseSize(options.memory);
  if (memory === null) throw invalid(options.memory!, '-m, --memory', `invalid size: '${options.memory}'`);
  const ports = options.publish.flatMap(parsePorts);
  return {
    Image: image,
    ...(args.length > 0 ? { Cmd: args } : {}),
    ...(options.entrypoint === undefined
      ? {}
      : { Entrypoint: options.entrypoint === '' ? [''] : [options.entrypoint] }),
    Env: environment(options),
    Labels: Object.fromEntries(options.label.map((label) => split(label, '='))),
    WorkingDir: options.workdir ?? '',
    User: options.user ?? '',
    Hostname: options.hostname ?? '',
    Tty: options.tty === true,
    OpenStdin: options.interactive === true,
    StdinOnce: options.interactive === true && attached,
    AttachStdin: options.interactive === true && attached,
    AttachStdout: attached,
    AttachStderr: attached,
    ...(options.stopSignal === undefined ? {} : { StopSignal: options.stopSignal }),
    ...(options.stopTimeout === undefined ? {} : { StopTimeout: number(options.stopTimeout, '--stop-timeout') }),
    ExposedPorts: Object.fromEntries(ports.map(({ inside }) => [inside, {}])),
    HostConfig: {
      ...annotations(options),
      AutoRemove: options.rm === true,
      Binds: options.volume.map(bind),
      Mounts: options.mount.map(parseMount),
      Tmpfs: Object.fromEntries(options.tmpfs.map((tmpfs) => split(tmpfs, ':'))),
      ReadonlyRootfs: options.readOnly === true,
      Memory: memory,
      NetworkMode: options.network ?? 'default',
      RestartPolicy: restartPolicy(options.restart ?? 'no'),
      PortBindings: portBindings(ports),
      PublishAllPorts: options.publishAll === true,
      LogConfig: {
        Type: options.logDriver ?? '',
        Config: Object.fromEntries(options.logOpt.map((opt) => split(opt, '='))),
      },
      ...(process.stdout.isTTY ? { ConsoleSize: [process.stdout.rows, process.stdout.columns] } : {}),
    },
    NetworkingConfig: {},
  };
}

/** What Docker has no field for, asked for by annotations. */
function annotations({ debug, coredump, rm }: RunOptions): { Annotations?: Record<string, string> } {
  if (coredump === true && rm === true)
    throw new WherryError('InvalidArgument', 'conflicting options: --coredump and --rm, which removes the dump');
  const asked = {
    ...(debug === true ? { 'dev.wherry.debug': '1' } : {}),
    ...(coredump === true ? { 'dev.wherry.coredump': '1' } : {}),
  };
  return Object.keys(asked).length === 0 ? {} : { Annotations: asked };
}

function environment({ env, envFile }: RunOptions): string[] {
  const given = envFile.flatMap((path) => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (cause) {
      throw new WherryError('NotFound', `open ${path}: no such file or directory`, { cause });
    }
    return text
      .split('\n')
      .map((line) => line.replace(/^\s+/, '').replace(/\r$/, ''))
      .filter((line) => line !== '' && !line.startsWith('#'));
  });
  // A name alone takes this shell's value; without one the daemon unsets the image's.
  return [...given, ...env].map((entry) => {
    if (entry.includes('=')) return entry;
    const value = process.env[entry];
    return value === undefined ? entry : `${entry}=${value}`;
  });
}

function bind(volume: string): string {
  const [source, ...rest] = volume.split(':');
  if (rest.length === 0 || source === undefined) return volume;
  return source.startsWith('.') || source.startsWith('~') ? [resolve(source), ...rest].join(':') : volume;
}

function parseMount(text: string): Record<string, unknown> {
  const mount: Record<string, unknown> = { Type: 'volume' };
  for (const field of text.split(',')) {
    const [name, value] = split(field, '=');
    switch (name.toLowerCase()) {
      case 'type':
        mount['Type'] = value.toLowerCase();
        break;
      case 'source':
      case 'src':
        mount['Source'] = value.startsWith('.') ? resolve(value) : value;
        break;
      case 'target':
      case 'dst':
      case 'destination':
        mount['Target'] = value;
        break;
      case 'readonly':
      case 'ro':
        mount['ReadOnly'] = !field.includes('=') || value === 'true' || value === '1';
        break;
      case 'volume-nocopy':
        mount['VolumeOptions'] = { NoCopy: !field.includes('=') || value === 'true' };
        break;
      case 'tmpfs-size':
        mount['TmpfsOptions'] = { SizeBytes: parseSize(value) ?? 0 };
        break;
      default:
        throw invalid(text, '--mount', `unexpected key '${name}' in '${field}'`);
    }
  }
  if (mount['Target'] === undefined) throw invalid(text, '--mount', 'target is required');
  return mount;
}

function restartPolicy(text: string): Record<string, unknown> {
  const [name, count] = split(text, ':');
  if (count !== '' && !/^\d+$/.test(count)) throw invalid(text, '--restart', 'maximum retry count must be an integer');
  return { Name: name, MaximumRetryCount: Number(count) };
}

interface PublishedPort {
  readonly inside: string;
  readonly outside: { readonly HostIp: string; readonly HostPort: string };
}

/** `[[IP:][HOST]:]CONTAINER[/PROTOCOL]`, where ports may be ranges: one by one, as the API has them. */
function parsePorts(text: string): PublishedPort[] {
  const parts = /^(?:(?:\[([^\]]+)\]|([\d.]+)):(?=.*:)|)(?:(\d*(?:-\d+)?):)?(\d+(?:-\d+)?)(?:\/(tcp|udp|sctp))?$/.exec(
    text,
  );
  const range = (ports: string): [number, number] => {
    const [first = '', last = first] = ports.split('-');
    return [Number(first), Number(last)];
  };
  const [, ipv6, ipv4, host = '', inside = '0', protocol = 'tcp'] = parts ?? [];
  const [first, last] = range(inside);
  const [host_first, host_last] = range(host);
  if (parts === null || first < 1 || last > 65_535 || last < first)
    throw invalid(text, '-p, --publish', `invalid containerPort: ${inside === '0' ? text : inside}`);
  if (host_last > 65_535 || host_last < host_first) throw invalid(text, '-p, --publish', `invalid hostPort: ${host}`);
  const paired = host !== '' && first !== last;
  if (paired && host_last - host_first !== last - first)
    throw invalid(
      text,
      '-p, --publish',
      `invalid ranges specified for container and host Ports: ${inside} and ${host}`,
    );
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    inside: `${first + i}/${protocol}`,
    outside: { HostIp: ipv6 ?? ipv4 ?? '', HostPort: paired ? String(host_first + i) : host },
  }));
}

/** Several bindings of one port stand together. */
function portBindings(ports: readonly PublishedPort[]): Record<string, PublishedPort['outside'][]> {
  const bindings: Record<string, PublishedPort['outside'][]> = {};
  for (const { inside, outside } of ports) (bindings[inside] ??= []).push(outside);
  return bindings;
}

function number(text: string, flag: string): number {
  if (!/^-?\d+$/.test(text)) throw invalid(text, flag, `strconv.ParseInt: parsing "${text}": invalid syntax`);
  return Number(text);
}

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function invalid(value: string, flag: string, why: string): WherryError {
  return new WherryError('InvalidArgument', `invalid argument "${value}" for "${flag}" flag: ${why}`);
}
