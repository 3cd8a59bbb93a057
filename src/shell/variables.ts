import { CommandFault } from './errors.ts';

interface Variable {
  readonly value: string;
  readonly exported: boolean;
  readonly read_only: boolean;
}

/** What a shell remembers by name, and its positional parameters. */
export class Variables {
  readonly #all: Map<string, Variable>;
  /** `$1` and on. */
  positional: readonly string[];

  constructor(env: readonly string[], positional: readonly string[]) {
    this.#all = new Map();
    this.positional = positional;
    for (const entry of env) {
      const at = entry.indexOf('=');
      if (at > 0) this.#all.set(entry.slice(0, at), { value: entry.slice(at + 1), exported: true, read_only: false });
    }
  }

  /** Another set of the same, for a subshell. */
  copy(): Variables {
    const copy = new Variables([], this.positional);
    for (const [name, variable] of this.#all) copy.#all.set(name, variable);
    return copy;
  }

  get(name: string): string | undefined {
    return this.#all.get(name)?.value;
  }

  set(name: string, value: string): void {
    const before = this.#all.get(name);
    if (before?.read_only === true) throw new CommandFault(`${name}: is read only`, 2);
    this.#all.set(name, { value, exported: before?.exported ?? false, read_only: false });
  }

  /** Marks it; one that is not set becomes empty. */
  mark(name: string, marks: { readonly exported?: boolean; readonly read_only?: boolean }): void {
    const before = this.#all.get(name) ?? { value: '', exported: false, read_only: false };
    this.#all.set(name, { ...before, ...marks });
  }

  unset(name: string): void {
    if (this.#all.get(name)?.read_only === true) throw new CommandFault(`${name}: is read only`, 2);
    this.#all.delete(name);
  }

  names(): readonly string[] {
    return [...this.#all.keys()].sort();
  }

  /** `NAME=value` of those that commands are given. */
  environment(): readonly string[] {
    return [...this.#all].filter(([, { exported }]) => exported).map(([name, { value }]) => `${name}=${value}`);
  }

  /** What it takes to have some as they are now again. */
  keep(names: readonly string[]): () => void {
    const before = names.map((name) => [name, this.#all.get(name)] as const);
    return () => {
      for (const [name, variable] of before) {
        if (variable === undefined) this.#all.delete(name);
        else this.#all.set(name, variable);
      }
    };
  }
}
