import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';

import type { PublishedPort } from '../core/index.ts';
import { WherryError } from '../errors/index.ts';
import { booleanFilter, checkFilters, type Filters, matchesLabels, matchesPattern } from './filters.ts';

export interface Network {
  readonly name: string;
  /** 64 hex digits. */
  readonly id: string;
  readonly created_at: Date;
  readonly driver: 'bridge' | 'host' | 'null';
  readonly subnets: readonly { readonly Subnet: string; readonly Gateway: string }[];
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly attached: readonly NetworkUser[];
}

/** A container on a network. */
export interface NetworkUser {
  /** 64 hex digits. */
  readonly id: string;
  readonly name: string;
  /** The name of its network. */
  readonly network: string;
  readonly running: boolean;
  readonly ports: readonly PublishedPort[];
}

export interface NetworksContext {
  /** The data directory: networks are as old as it, and its place makes their ids. */
  readonly root: string;
  /** Every container there is. */
  users(): readonly NetworkUser[];
}

interface Predefined {
  readonly name: string;
  readonly driver: Network['driver'];
  readonly subnets: Network['subnets'];
  readonly options: Network['options'];
}

const predefined: readonly Predefined[] = [
  {
    name: 'bridge',
    driver: 'bridge',
    subnets: [{ Subnet: '172.17.0.0/16', Gateway: '172.17.0.1' }],
    options: {
      'com.docker.network.bridge.default_bridge': 'true',
      'com.docker.network.bridge.enable_icc': 'true',
      'com.docker.network.bridge.enable_ip_masquerade': 'true',
      'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
      'com.docker.network.bridge.name': 'docker0',
      'com.docker.network.driver.mtu': '1500',
    },
  },
  { name: 'host', driver: 'host', subnets: [], options: {} },
  { name: 'none', driver: 'null', subnets: [], options: {} },
];

/** The networks that every Docker has. There are no others yet: asking for one is refused in words. */
export class Networks {
  readonly #context: NetworksContext;
  readonly #created_at: Date;

  constructor(context: NetworksContext) {
    this.#context = context;
    this.#created_at = statSync(context.root).birthtime;
  }

  /**
   * Those that fit, by name.
   *
   * @throws WherryError InvalidArgument for a bad filter, Unknown for a bad type, with Docker's texts
   */
  list(filters: Filters): readonly Network[] {
    checkFilters(filters, ['dangling', 'driver', 'id', 'label', 'name', 'scope', 'type']);
    const bad = (filters.get('type') ?? []).find((type) => type !== 'builtin' && type !== 'custom');
    if (bad !== undefined) throw new WherryError('Unknown', `invalid filter: 'type'='${bad}'`);
    if ((filters.get('dangling') ?? []).length > 1) {
      throw new WherryError('InvalidArgument', 'got more than one value for filter key "dangling"');
    }
    // What cannot be removed is never said to be left over.
    if (booleanFilter(filters, 'dangling', false)) return [];
    return this.#all().filter(
      (network) =>
        any(filters.get('driver'), (driver) => driver === network.driver) &&
        any(filters.get('scope'), (scope) => scope === 'local') &&
        any(filters.get('type'), (type) => type === 'builtin') &&
        any(filters.get('id'), (id) => network.id.includes(id)) &&
        matchesPattern(filters.get('name'), network.name) &&
        matchesLabels(filters, network.labels),
    );
  }

  /**
   * By id, name, or the start of the id.
   *
   * @throws WherryError NotFound, InvalidArgument when several ids start so
   */
  get(query: string): Network {
    const networks = this.#all();
    const exact = networks.find(({ id }) => id === query) ?? networks.find(({ name }) => name === query);
    if (exact !== undefined) return exact;
    const found = query === '' ? [] : networks.filter(({ id }) => id.startsWith(query));
    if (found.length > 1) {
      const matches = `${found.length} matches found based on ID prefix`;
      throw new WherryError('InvalidArgument', `${matches}: network ${query} is ambiguous`);
    }
    if (found[0] === undefined) throw new WherryError('NotFound', `network ${query} not found`);
    return found[0];
  }

  /** Whether a container has the port at that address of the host, or at all of them. */
  isPublished(address: string, port: number): boolean {
    const everywhere = (ip: string): boolean => ip === '0.0.0.0' || ip === '::';
    return this.#context
      .users()
      .some(({ ports }) =>
        ports.some(
          ({ host_ip, host_port }) =>
            host_port === port && (host_ip === address || everywhere(host_ip) || everywhere(address)),
        ),
      );
  }

  /** @throws WherryError always: Docker's text for its own names, else Unimplemented */
  create(name: string, driver: string): never {
    if (name.trim() === '') throw new WherryError('InvalidArgument', 'invalid name: name is empty');
    if (name === 'default' || predefined.some((network) => network.name === name)) {
      throw new WherryError('PermissionDenied', `operation is not permitted on predefined ${name} network `);
    }
    if (driver === 'overlay') {
      throw new WherryError(
        'PermissionDenied',
        'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to ' +
          'swarm and try again.',
      );
    }
    const known = ['', 'default', 'bridge', 'host', 'ipvlan', 'macvlan', 'null'];
    if (!known.includes(driver)) throw new WherryError('NotFound', `plugin "${driver}" not found`);
    throw unimplemented(`create network ${name}`, 'networks of your own are not implemented; use bridge, host or none');
  }

  /** @throws WherryError always: NotFound, or Docker's text for a predefined network */
  remove(query: string): never {
    const { name } = this.get(query);
    throw new WherryError('PermissionDenied', `${name} is a pre-defined network and cannot be removed`);
  }

  /** @throws WherryError always */
  connect(query: string, container: string): never {
    const { name, driver } = this.get(query);
    if (driver === 'host') {
      throw new WherryError(
        'InvalidArgument',
        'cannot connect container to host network - container must be created in host network mode',
      );
    }
    throw unimplemented(
      `connect container ${container} to network ${name}`,
      'a container keeps the network it was created with',
    );
  }

  /** @throws WherryError always */
  disconnect(query: string, container: string): never {
    const { name } = this.get(query);
    throw unimplemented(
      `disconnect container ${container} from network ${name}`,
      'a container keeps the network it was created with',
    );
  }

  /** Removes unused networks of users: there are none. */
  prune(filters: Filters): readonly string[] {
    checkFilters(filters, ['label', 'label!', 'until']);
    return [];
  }

  #all(): readonly Network[] {
    const users = this.#context.users().filter(({ running }) => running);
    return predefined.map((network) => ({
      ...network,
      id: createHash('sha256').update(`network ${network.name} of ${this.#context.root}`).digest('hex'),
      created_at: this.#created_at,
      labels: {},
      attached: users.filter((user) => user.network === network.name),
    }));
  }
}

function any(values: readonly string[] | undefined, fits: (value: string) => boolean): boolean {
  return values === undefined || values.length === 0 || values.some(fits);
}

function unimplemented(what: string, why: string): WherryError<'Unimplemented'> {
  return new WherryError('Unimplemented', `Cannot ${what}: ${why}.`);
}
