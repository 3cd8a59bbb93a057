import { WherryError } from '../../errors/index.ts';
import type { Container } from './container.ts';
import { checkContainerName, generateName } from './names.ts';

/** All containers, by id and name. A name belongs to an id from the moment it is asked for. */
export class Registry {
  readonly #by_id = new Map<string, Container>();
  readonly #names = new Map<string, string>();

  get all(): readonly Container[] {
    return [...this.#by_id.values()];
  }

  has(id: string): boolean {
    return this.#by_id.has(id);
  }

  get(id: string): Container | null {
    return this.#by_id.get(id) ?? null;
  }

  /** Takes in a container whose name is its own already, or is free. */
  add(container: Container): void {
    this.#by_id.set(container.id, container);
    this.#names.set(container.name, container.id);
  }

  delete(container: Container): void {
    this.#by_id.delete(container.id);
    this.giveBackName(container.name);
  }

  /**
   * Gives `id` a name: the one asked for, or any when that is ''.
   *
   * @throws WherryError InvalidArgument, Conflict when it is taken, with Docker's texts
   */
  takeName(asked: string, id: string): string {
    const name = asked === '' ? generateName((each) => this.#names.has(each), id) : checkContainerName(asked);
    const owner = this.#names.get(name);
    if (owner !== undefined) {
      throw new WherryError(
        'Conflict',
        `Conflict. The container name "/${name}" is already in use by container "${owner}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
    }
    this.#names.set(name, id);
    return name;
  }

  giveBackName(name: string): void {
    this.#names.delete(name);
  }

  /**
   * By id, name, or the start of an id.
   *
   * @throws WherryError NotFound, InvalidArgument when several ids start so, with Docker's texts
   */
  find(query: string): Container {
    if (query === '') throw new WherryError('InvalidArgument', 'invalid name or ID supplied: ""');
    const exact = this.#by_id.get(query) ?? this.#by_id.get(this.#names.get(query.replace(/^\//, '')) ?? '');
    if (exact !== undefined) return exact;
    const found = /^[0-9a-f]+$/.test(query) ? [...this.#by_id.keys()].filter((id) => id.startsWith(query)) : [];
    if (found.length > 1) {
      throw new WherryError('InvalidArgument', `multiple IDs found with provided prefix: ${query}`);
    }
    const one = this.#by_id.get(found[0] ?? '');
    if (one === undefined) throw new WherryError('NotFound', `No such container: ${query}`);
    return one;
  }
}
