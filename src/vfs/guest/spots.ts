import type { Directory } from '../../wasi/index.ts';

/** What is mounted at a place. */
export type Mounted =
  | { readonly kind: 'directory'; readonly root: Directory }
  | { readonly kind: 'file'; readonly id: number; readonly read_only: boolean };

/**
 * A place on the way to a mount, or one itself. Every place is there as a directory even when the image has nothing
 * under its name, as Docker makes mount points.
 */
export interface Spot {
  readonly name: string;
  readonly parent: Spot | null;
  readonly children: Map<string, Spot>;
  mounted: Mounted | null;
}

export function newSpot(name: string, parent: Spot | null): Spot {
  return { name, parent, children: new Map(), mounted: null };
}

/** The place at `names` below `spot`, made on the way. */
export function makeSpot(spot: Spot, names: readonly string[]): Spot {
  let at = spot;
  for (const name of names) {
    let next = at.children.get(name);
    if (next === undefined) at.children.set(name, (next = newSpot(name, at)));
    at = next;
  }
  return at;
}

/** The names from the root to a place. */
export function namesOf(spot: Spot): string[] {
  const names: string[] = [];
  for (let at = spot; at.parent !== null; at = at.parent) names.push(at.name);
  return names.reverse();
}
