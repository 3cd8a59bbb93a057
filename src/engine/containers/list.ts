import { WherryError } from '../../errors/index.ts';
import { familiarName, familiarString, parseDockerReference } from '../../oci/index.ts';
import { booleanFilter, checkFilters, type Filters, matchesLabels, matchesPattern } from '../filters.ts';
import type { Networks } from '../networks.ts';
import type { Container, ContainerStatus } from './container.ts';
import { networkIdOf, networkOf } from './surroundings.ts';

export interface ListRequest {
  /** Those that do not run, too. */
  readonly all: boolean;
  /** At most so many, of all; 0 or less for no bound. */
  readonly limit: number;
  readonly filters: Filters;
}

const keys =
  'ancestor before exited expose health id is-task isolation label name network publish since status volume'.split(' ');
const statuses: readonly ContainerStatus[] = [
  'created',
  'running',
  'paused',
  'restarting',
  'removing',
  'exited',
  'dead',
];
const healths = ['none', 'starting', 'healthy', 'unhealthy'];

/**
 * The containers that a request asks for, newest first.
 *
 * @throws WherryError InvalidArgument for a bad filter, NotFound for a container in one, with Docker's texts
 */
export function listContainers(
  containers: readonly Container[],
  { all, limit, filters }: ListRequest,
  find: (query: string) => Container,
  networks: Networks,
): readonly Container[] {
  checkFilters(filters, keys);
  const tests = [
    ...statusTests(filters),
    ...orderTests(filters, find),
    ...placeTests(filters, networks),
    ...imageTests(filters),
    ...portTests(filters),
  ];
  const wantsAll = all || limit > 0 || filters.has('status');
  const found = containers
    .filter((container) => wantsAll || container.isRunning)
    .filter(
      ({ id, name, record }) =>
        matchesPattern(filters.get('id'), id) &&
        matchesName(filters.get('name'), name) &&
        matchesLabels(filters, record.config.Labels),
    )
    .filter((container) => tests.every((test) => test(container)))
    .sort((a, b) =>
      a.record.created_at < b.record.created_at ? 1 : a.record.created_at > b.record.created_at ? -1 : 0,
    );
  return limit > 0 ? found.slice(0, limit) : found;
}

type Test = (container: Container) => boolean;

function matchesName(values: readonly string[] | undefined, name: string): boolean {
  return matchesPattern(values, `/${name}`) || matchesPattern(values, name);
}

function statusTests(filters: Filters): readonly Test[] {
  const tests: Test[] = [];
  const wanted = filters.get('status') ?? [];
  for (const value of wanted) {
    if (!(statuses as readonly string[]).includes(value)) {
      invalid(`status=${value}`, `invalid value for state (${value}): must be one of ${statuses.join(', ')}`);
    }
  }
  if (wanted.length > 0) tests.push(({ status }) => wanted.includes(status));
  const exited = filters.get('exited') ?? [];
  const codes = exited.map((value) =>
    /^-?\d{1,10}$/.test(value)
      ? Number(value)
      : invalid(`exited=${value}`, `strconv.Atoi: parsing "${value}": invalid syntax`),
  );
  if (codes.length > 0) {
    tests.push(({ isRunning, state }) => !isRunning && state.started_at !== '' && codes.includes(state.exit_code));
  }
  const health = filters.get('health') ?? [];
  for (const value of health) {
    if (!healths.includes(value)) {
      invalid(`health=${value}`, `invalid value for health (${value}): must be one of ${healths.join(', ')}`);
    }
  }
  if (health.length > 0) tests.push(() => health.includes('none'));
  if (filters.has('is-task') && booleanFilter(filters, 'is-task', false)) tests.push(() => false);
  return tests;
}

function orderTests(filters: Filters, find: (query: string) => Container): readonly Test[] {
  const before = (filters.get('before') ?? []).map((query) => find(query).record.created_at);
  const since = (filters.get('since') ?? []).map((query) => find(query).record.created_at);
  return [
    ({ record }) => before.every((time) => record.created_at < time) && since.every((time) => record.created_at > time),
  ];
}

function placeTests(filters: Filters, networks: Networks): readonly Test[] {
  const wanted = filters.get('network') ?? [];
  const volumes = filters.get('volume') ?? [];
  const tests: Test[] = [];
  if (wanted.length > 0) {
    tests.push((container) => {
      const name = networkOf(container);
      const id = networkIdOf(container, networks);
      return wanted.some((value) => value === name || (value !== '' && id.startsWith(value)));
    });
  }
  if (volumes.length > 0) {
    tests.push(({ record }) =>
      record.mounts.some(({ Name, Source, Destination }) =>
        volumes.some((value) => value === Destination || value === (Name === '' ? Source : Name)),
      ),
    );
  }
  return tests;
}

/** Of an image: by its id or any of its names; its layers are nobody's ancestors here. */
function imageTests(filters: Filters): readonly Test[] {
  const wanted = filters.get('ancestor') ?? [];
  if (wanted.length === 0) return [];
  return [
    ({ record }) =>
      wanted.some((value) => {
        const hex = record.image_id.replace(/^sha256:/, '');
        if (record.image_id === value || (/^[0-9a-f]{4,64}$/.test(value) && hex.startsWith(value))) return true;
        return sameName(record.config.Image, value);
      }),
  ];
}

function sameName(image: string, wanted: string): boolean {
  try {
    const [left, right] = [parseDockerReference(image), parseDockerReference(wanted)];
    if (familiarString(left) === familiarString(right)) return true;
    return !wanted.includes(':') && familiarName(left) === familiarName(right);
  } catch {
    return image === wanted;
  }
}

function portTests(filters: Filters): readonly Test[] {
  const tests: Test[] = [];
  for (const key of ['publish', 'expose'] as const) {
    const values = filters.get(key) ?? [];
    if (values.length === 0) continue;
    const ports = new Set(values.flatMap((value) => portsOf(key, value)));
    // As in Docker both are about ports of the container.
    tests.push(({ record: { config, host_config } }) =>
      (key === 'publish' ? Object.keys(host_config.PortBindings) : config.ExposedPorts).some((port) =>
        ports.has(withProtocol(port)),
      ),
    );
  }
  return tests;
}

function portsOf(key: string, value: string): readonly string[] {
  if (value.includes(':')) throw new WherryError('Unknown', `filter for '${key}' should not contain ':': ${value}`);
  const parts = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/.exec(value);
  const first = Number(parts?.[1] ?? NaN);
  const last = Number(parts?.[2] ?? first);
  if (Number.isNaN(first) || last < first || last > 65_535) {
    throw new WherryError('Unknown', `error while looking up for ${key} ${value}: invalid port`);
  }
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${parts?.[3] ?? 'tcp'}`);
}

function withProtocol(port: string): string {
  return port.includes('/') ? port : `${port}/tcp`;
}

function invalid(filter: string, why: string): never {
  throw new WherryError('InvalidArgument', `invalid filter '${filter}': ${why}`);
}
