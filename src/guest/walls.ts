/**
 * The walls around the process of a guest, outermost first. Each holds alone; `docs/security.md` says what each is and
 * what is left when one is missing.
 */
export const walls = [
  /** A network of its own with nothing in it; with it come IPC and host names of its own. */
  'network',
  /** Sees no process outside of its shim's guests. */
  'processes',
  /** An empty root folder that cannot be written. */
  'files',
  /** Is not root on the host. */
  'not-root',
  /** No capability, and none to be had by an exec. */
  'capabilities',
  /** Landlock: no file by its path, no TCP, no signal to the outside. */
  'landlock',
  /** No process of its own, no core dump, so many descriptors; cannot be traced. */
  'limits',
  /** Seccomp: the few system calls that a guest needs. */
  'system-calls',
] as const;

export type Wall = (typeof walls)[number];

/** The walls that are not among `raised`, in order. */
export function missingWalls(raised: readonly Wall[]): readonly Wall[] {
  return walls.filter((wall) => !raised.includes(wall));
}
