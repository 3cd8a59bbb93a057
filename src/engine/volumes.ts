import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Core, Mount, Transaction } from '../core/index.ts';
import { isClass, WherryError } from '../errors/index.ts';
import { diskUsage } from './disk-usage.ts';
import { booleanFilter, checkFilters, type Filters, matchesLabels, matchesPattern } from './filters.ts';
import { populate } from './volume-copy-up.ts';
import { anonymous_label, anonymousName, checkDriverOptions, checkVolumeName } from './volume-names.ts';

/** A named directory that outlives containers. */
export interface Volume {
  readonly name: string;
  readonly driver: 'local';
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly created_at: Date;
  /** The directory that containers see. */
  readonly mountpoint: string;
}

/** What an event of Docker's says of its subject; who publishes it adds scope and time. */
export interface VolumeEvent {
  readonly Type: 'volume';
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
}

/** A container, as far as it holds on to volumes. */
export interface VolumeUser {
  /** 64 hex digits. */
  readonly id: string;
  readonly volumes: readonly string[];
}

/** What volumes need of the engine around them. */
export interface VolumesContext {
  readonly core: Core;
  publish(event: VolumeEvent): void;
  /** Every container there is. */
  users(): readonly VolumeUser[];
}

export interface VolumeRequest {
  /** '' for a name of 64 hex digits and the label of an anonymous volume. */
  readonly name: string;
  /** '' for `local`. */
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

interface Row {
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly created_at: string;
}

const bucket = 'volumes';
const removed_prefix = '.removed-';

/** Docker's volumes of the driver `local`: records in the store, each with a directory. */
export class Volumes {
  readonly #context: VolumesContext;
  readonly #root: string;
  /** What is being done with a volume's directory, by name: the next waits for it. */
  readonly #turns = new Map<string, Promise<void>>();
  #pruning = false;

  constructor(context: VolumesContext) {
    this.#context = context;
    this.#root = join(context.core.root, 'volumes');
    mkdirSync(this.#root, { recursive: true, mode: 0o700 });
  }

  /** Once, before serving: removes what a crash left half removed, and takes in directories whose record was lost. */
  async recover(): Promise<void> {
    const { core } = this.#context;
    for (const name of readdirSync(this.#root)) {
      if (name.startsWith(removed_prefix)) await rm(join(this.#root, name), { recursive: true, force: true });
      else if (/^[a-zA-Z0-9]/.test(name) && this.find(name) === null) {
        const { birthtime } = statSync(join(this.#root, name));
        // Nobody can know its labels; one without a name is still seen to be that.
        const labels: Record<string, string> = /^[0-9a-f]{64}$/.test(name) ? { [anonymous_label]: '' } : {};
        const row: Row = { labels, options: {}, created_at: birthtime.toISOString() };
        await core.transact((tx) => tx.records(bucket).put(name, row));
      }
    }
  }

  /**
   * Makes a volume, or gives the one of this name with what it was first made with.
   *
   * @throws WherryError InvalidArgument, NotFound for an unknown driver, with Docker's texts
   */
  async create(request: VolumeRequest): Promise<Volume> {
    const anonymous = request.name === '';
    const name = anonymous ? anonymousName() : request.name;
    checkVolumeName(name);
    if (request.driver !== '' && request.driver !== 'local') {
      const { driver } = request;
      throw new WherryError(
        'NotFound',
        `create ${name}: error looking up volume plugin ${driver}: plugin "${driver}" not found`,
      );
    }
    if (this.find(name) === null) checkDriverOptions(name, request.options);
    const labels = anonymous ? { ...request.labels, [anonymous_label]: '' } : request.labels;
    const row: Row = { labels, options: request.options, created_at: new Date().toISOString() };
    return this.#inTurn(name, async () => {
      const before = this.find(name);
      if (before !== null) return before;
      mkdirSync(join(this.#root, name, '_data'), { recursive: true, mode: 0o755 });
      await this.#context.core.transact((tx) => tx.records(bucket).put(name, row));
      this.#publish('create', name, { driver: 'local' });
      return this.get(name);
    });
  }

  /** @throws WherryError NotFound with Docker's text */
  get(name: string): Volume {
    const volume = this.find(name);
    if (volume === null) throw new WherryError('NotFound', `get ${name}: no such volume`);
    return volume;
  }

  find(name: string): Volume | null {
    const row = this.#context.core.read((tx) => tx.records(bucket).get(name));
    return row === undefined || row === null ? null : this.#volume(name, row as Row);
  }

  /** All that fit, by name. Throws `InvalidArgument` for a bad filter. */
  list(filters: Filters): readonly Volume[] {
    checkFilters(filters, ['dangling', 'driver', 'label', 'name']);
    const dangling = filters.has('dangling') ? booleanFilter(filters, 'dangling', false) : null;
    const drivers = filters.get('driver') ?? [];
    if (drivers.length > 0 && !drivers.includes('local')) return [];
    const used = dangling === null ? new Set<string>() : this.#used();
    return this.#all().filter(
      ({ name, labels }) =>
        matchesPattern(filters.get('name'), name) &&
        matchesLabels(filters, labels) &&
        (dangling === null || dangling !== used.has(name)),
    );
  }

  /**
   * Removes a volume and its directory.
   *
   * @throws WherryError NotFound, Conflict when containers have it; with `force` a missing one is no error
   */
  async remove(name: string, { force }: { readonly force: boolean }): Promise<void> {
    try {
      await this.#inTurn(name, () => this.#remove(name));
    } catch (error) {
      if (!(force && isClass(error, 'NotFound'))) throw error;
    }
  }

  /**
   * Removes volumes that no container has: those without a name, or all with the filter `all`.
   *
   * @throws WherryError InvalidArgument for a bad filter, Conflict while another prune runs
   */
  async prune(filters: Filters): Promise<{ readonly names: readonly string[]; readonly reclaimed_bytes: number }> {
    checkFilters(filters, ['all', 'label', 'label!']);
    const all_values = filters.get('all') ?? [];
    if (all_values.length > 1) {
      throw new WherryError(
        'InvalidArgument',
        `invalid filter 'all=[${all_values.join(' ')}]': only one value is expected`,
      );
    }
    const all = booleanFilter(filters, 'all', false);
    if (this.#pruning) throw new WherryError('Conflict', 'a prune operation is already running');
    this.#pruning = true;
    try {
      const used = this.#used();
      const candidates = this.#all().filter(
        ({ name, labels }) =>
          !used.has(name) && (all || Object.hasOwn(labels, anonymous_label)) && matchesLabels(filters, labels),
      );
      const names: string[] = [];
      let reclaimed_bytes = 0;
      for (const { name, mountpoint } of candidates) {
        const bytes = await diskUsage(mountpoint);
        try {
          await this.#inTurn(name, () => this.#remove(name));
        } catch (error) {
          // A container got it, or somebody else removed it: either way it is not for this prune.
          if (isClass(error, 'Conflict') || isClass(error, 'NotFound')) continue;
          throw error;
        }
        names.push(name);
        reclaimed_bytes += bytes;
      }
      this.#publish('prune', '', { reclaimed: String(reclaimed_bytes) });
      return { names, reclaimed_bytes };
    } finally {
      this.#pruning = false;
    }
  }

  /**
   * Fills a volume that is empty with what the image has at `path`; for a container's first start with it. `mounts`
   * are those of the container's snapshot.
   *
   * @throws WherryError `failed to populate volume: ...`
   */
  async copyUp(name: string, mounts: readonly Mount[], path: string): Promise<void> {
    await this.#inTurn(name, () => populate(this.get(name).mountpoint, mounts, path));
  }

  async #inTurn<T>(name: string, act: () => Promise<T>): Promise<T> {
    const done = (this.#turns.get(name) ?? Promise.resolve()).then(act);
    const settled = done.then(
      () => {},
      () => {},
    );
    this.#turns.set(name, settled);
    try {
      return await done;
    } finally {
      if (this.#turns.get(name) === settled) this.#turns.delete(name);
    }
  }

  async #remove(name: string): Promise<void> {
    const { core } = this.#context;
    const away = join(this.#root, removed_prefix + randomUUID());
    await core.transact((tx) => this.#forget(tx, name));
    try {
      renameSync(join(this.#root, name), away);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    await rm(away, { recursive: true, force: true });
    this.#publish('destroy', name, { driver: 'local' });
  }

  #forget(tx: Transaction, name: string): void {
    const users = this.#context.users().filter(({ volumes }) => volumes.includes(name));
    if (users.length > 0) {
      const list = users.map(({ id }) => id).join(', ');
      throw new WherryError('Conflict', `remove ${name}: volume is in use - [${list}]`);
    }
    if (!tx.records(bucket).delete(name)) throw new WherryError('NotFound', `get ${name}: no such volume`);
  }

  #all(): readonly Volume[] {
    const rows = this.#context.core.read((tx) => tx.records(bucket).list());
    return rows.map(({ key, value }) => this.#volume(key, value as Row));
  }

  #volume(name: string, { labels, options, created_at }: Row): Volume {
    const mountpoint = join(this.#root, name, '_data');
    return { name, driver: 'local', labels, options, created_at: new Date(created_at), mountpoint };
  }

  #used(): ReadonlySet<string> {
    return new Set(this.#context.users().flatMap(({ volumes }) => volumes));
  }

  #publish(Action: string, ID: string, Attributes: Readonly<Record<string, string>>): void {
    this.#context.publish({ Type: 'volume', Action, Actor: { ID, Attributes } });
  }
}
