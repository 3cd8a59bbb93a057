import type { BigIntStats } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { WherryError } from '../../errors/index.ts';
import { layer_path_depth_max, unpack_piece_bytes, unpack_turn_ms } from '../../limits/index.ts';
import {
  attribute,
  close,
  listNodes,
  nodeAttributes,
  O,
  openNode,
  pread,
  readNodeLink,
  statNode,
} from '../../os/index.ts';

/** One thing that a tree has otherwise than the tree it is compared with. */
export interface Change {
  /** The names from the root. */
  readonly path: readonly Uint8Array[];
  /** The directory it is in, open until the next change is asked for; -1 for what is gone. */
  readonly directory: number;
  /** null when it is gone; for `opaque` that of the directory. */
  readonly stat: BigIntStats | null;
  /** Whether everything that was in this directory is gone. */
  readonly opaque: boolean;
}

/** How a tree says what it is compared with. */
export type Comparison =
  /** Against another directory, -1 for an empty one. */
  | { readonly kind: 'tree'; readonly lower: number }
  /** All of it is new over something: the upper directory of an overlay, with its whiteouts. */
  | { readonly kind: 'overlay' };

/**
 * Walks an open directory and gives what is new, changed or gone, in the order of the bytes of the names, a directory
 * before what lies in it. Directories on the way to a change come, too, as whoever extracts needs them.
 */
export async function* changesOf(upper: number, comparison: Comparison): AsyncGenerator<Change> {
  const turn = { ends_ms: performance.now() + unpack_turn_ms };
  const lower = comparison.kind === 'tree' ? comparison.lower : -1;
  if (comparison.kind === 'overlay' && isOpaque(upper)) yield { path: [], directory: -1, stat: null, opaque: true };
  yield* walk({ upper, lower, overlay: comparison.kind === 'overlay', path: [], above: [], turn });
}

interface Pending {
  readonly change: Change;
  given: boolean;
}

interface Walk {
  readonly upper: number;
  readonly lower: number;
  readonly overlay: boolean;
  readonly path: readonly Uint8Array[];
  /** The directories above, of which some may not have been given yet. */
  readonly above: readonly Pending[];
  readonly turn: { ends_ms: number };
}

async function* walk({ upper, lower, overlay, path, above, turn }: Walk): AsyncGenerator<Change> {
  if (path.length > layer_path_depth_max) {
    throw new WherryError(
      'ResourceExhausted',
      `Cannot write the difference: a folder is more than ${layer_path_depth_max} deep.`,
    );
  }
  for (const name of namesIn(upper, lower)) {
    if (performance.now() > turn.ends_ms) {
      await nextTurn();
      turn.ends_ms = performance.now() + unpack_turn_ms;
    }
    const stat = statNode(upper, name);
    const before = lower < 0 ? null : statNode(lower, name);
    const change: Change = { path: [...path, name], directory: upper, stat, opaque: false };
    if (stat === null || (overlay && isWhiteout(stat))) {
      if (stat === null && before === null) continue;
      yield* given(above);
      yield { ...change, directory: -1, stat: null };
      continue;
    }
    if (stat.isSocket()) continue;
    const changed = before === null || !(await isSame(upper, lower, name, stat, before));
    const pending: Pending = { change, given: false };
    if (changed) {
      yield* given(above);
      yield change;
      pending.given = true;
    }
    if (!stat.isDirectory()) continue;
    const inner = openNode(upper, name, O.RDONLY | O.DIRECTORY);
    const beside = before?.isDirectory() === true ? openNode(lower, name, O.RDONLY | O.DIRECTORY) : -1;
    try {
      if (overlay && isOpaque(inner)) yield { ...change, directory: -1, opaque: true };
      yield* walk({ upper: inner, lower: beside, overlay, path: change.path, above: [...above, pending], turn });
    } finally {
      close(inner);
      if (beside >= 0) close(beside);
    }
  }
}

function* given(above: readonly Pending[]): Generator<Change> {
  for (const pending of above) {
    if (pending.given) continue;
    pending.given = true;
    yield pending.change;
  }
}

function namesIn(upper: number, lower: number): Buffer[] {
  const names = listNodes(upper);
  if (lower < 0) return names;
  const there = new Set(names.map((name) => name.toString('latin1')));
  const gone = listNodes(lower).filter((name) => !there.has(name.toString('latin1')));
  return gone.length === 0 ? names : [...names, ...gone].sort((a, b) => Buffer.compare(a, b));
}

function isWhiteout(stat: BigIntStats): boolean {
  return stat.isCharacterDevice() && stat.rdev === 0n;
}

function isOpaque(directory: number): boolean {
  return attribute(directory, 'trusted.overlay.opaque')?.toString('latin1') === 'y';
}

/** Attributes that a layer carries: capabilities, and users' own but those of overlays and of this program. */
export function carriedAttributes(directory: number, name: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const carried = [...nodeAttributes(directory, name)].filter(
    ([key]) =>
      key === 'security.capability' ||
      (key.startsWith('user.') && !key.startsWith('user.wherry.') && !key.startsWith('user.overlay.')),
  );
  return new Map(carried);
}

/** Whether both have the same attributes, and unless they are directories the same content. */
async function isSame(
  upper: number,
  lower: number,
  name: Uint8Array,
  stat: BigIntStats,
  before: BigIntStats,
): Promise<boolean> {
  if (stat.dev === before.dev && stat.ino === before.ino) return true;
  const alike =
    stat.mode === before.mode && stat.uid === before.uid && stat.gid === before.gid && stat.rdev === before.rdev;
  if (!alike) return false;
  if (stat.isSymbolicLink()) return Buffer.compare(readNodeLink(upper, name), readNodeLink(lower, name)) === 0;
  if (!sameAttributes(carriedAttributes(upper, name), carriedAttributes(lower, name))) return false;
  if (stat.isDirectory()) return true;
  if (stat.size !== before.size) return false;
  if (stat.mtimeNs !== before.mtimeNs) return false;
  // Whole seconds come out of archives, and many things happen within one.
  if (!stat.isFile() || stat.mtimeNs % 1_000_000_000n !== 0n) return true;
  return await sameContent(upper, lower, name);
}

function sameAttributes(a: ReadonlyMap<string, Uint8Array>, b: ReadonlyMap<string, Uint8Array>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) {
    const other = b.get(key);
    if (other === undefined || Buffer.compare(value, other) !== 0) return false;
  }
  return true;
}

async function sameContent(upper: number, lower: number, name: Uint8Array): Promise<boolean> {
  const flags = O.RDONLY | O.NONBLOCK;
  const one = openNode(upper, name, flags);
  try {
    const other = openNode(lower, name, flags);
    try {
      const a = Buffer.allocUnsafe(unpack_piece_bytes);
      const b = Buffer.allocUnsafe(unpack_piece_bytes);
      for (let at = 0n; ;) {
        const n = pread(one, a, at);
        const m = pread(other, b, at);
        if (n !== m || Buffer.compare(a.subarray(0, n), b.subarray(0, m)) !== 0) return false;
        if (n === 0) return true;
        at += BigInt(n);
        await nextTurn();
      }
    } finally {
      close(other);
    }
  } finally {
    close(one);
  }
}
