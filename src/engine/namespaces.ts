import type { Container, Core, TaskState } from '../core/index.ts';
import { isClass, WherryError } from '../errors/index.ts';
import type { RegistrySettings } from './images/context.ts';
import { Images } from './images/images.ts';

/** A container of any namespace, as far as containerd knows of one. */
export interface NamespaceContainer {
  readonly container: Container;
  /** The words of its program; empty when its spec has none. */
  readonly args: readonly string[];
  /** null when it has no task. */
  readonly task: TaskState | null;
}

export interface NamespacesContext {
  readonly core: Core;
  readonly registries: RegistrySettings;
}

/** containerd's namespaces, Docker's own and others, to look into. */
export class Namespaces {
  readonly #context: NamespacesContext;

  constructor(context: NamespacesContext) {
    this.#context = context;
  }

  /** Their names, sorted. */
  get names(): readonly string[] {
    return this.#context.core.namespaces();
  }

  /**
   * The images of a namespace, of which only what does not change them is to be used.
   *
   * @throws WherryError NotFound
   */
  images(name: string): Images {
    const { core, registries } = this.#context;
    return new Images({ core, space: this.#find(name), registries, publish: () => {}, users: () => [] });
  }

  /**
   * The containers of a namespace, those made last first.
   *
   * @throws WherryError NotFound when there is no such namespace
   */
  async containers(name: string): Promise<readonly NamespaceContainer[]> {
    const space = this.#find(name);
    const found = space.containers().toSorted((a, b) => b.created_at.getTime() - a.created_at.getTime());
    const withTask = new Set(space.tasks.list().map(({ container }) => container));
    return await Promise.all(
      found.map(async (container) => {
        const task = withTask.has(container.id) ? await stateOrNull(space.tasks.state(container.id)) : null;
        return { container, args: argsOf(container), task };
      }),
    );
  }

  #find(name: string): ReturnType<Core['namespace']> {
    if (!this.names.includes(name)) throw new WherryError('NotFound', `namespace "${name}": not found`);
    return this.#context.core.namespace(name);
  }
}

/** It may have gone since it was listed, or its shim may not answer. */
async function stateOrNull(asked: Promise<TaskState>): Promise<TaskState | null> {
  try {
    return await asked;
  } catch (error) {
    if (isClass(error, 'NotFound') || isClass(error, 'Unavailable')) return null;
    throw error;
  }
}

/** A client wrote the spec: it may be anything. */
function argsOf({ spec }: Container): readonly string[] {
  try {
    const { process } = JSON.parse(Buffer.from(spec.value).toString()) as { process?: { args?: unknown } };
    const args = process?.args;
    return Array.isArray(args) ? args.map(String) : [];
  } catch {
    return [];
  }
}
