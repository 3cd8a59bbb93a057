import type { Labels } from './basics.ts';

/** A namespace as an object: it comes to be when it is made or when something is first written in it. */
export interface Namespace {
  readonly name: string;
  readonly labels: Labels;
}

export interface NamespacesTx {
  /** Whatever the name, as containerd does: one that is not there has no labels. */
  get(name: string): Namespace;
  has(name: string): boolean;
  list(): readonly Namespace[];
  /** AlreadyExists when it is there, InvalidArgument for a name that is none. */
  create(namespace: Namespace): Namespace;
  /** Replaces the labels, or with `paths` (`labels.<key>`) only those; one set to '' goes. */
  update(namespace: Namespace, paths?: readonly string[]): Namespace;
  /** FailedPrecondition when something is left in it. */
  delete(name: string): void;
}
