/**
 * Where a guest's files may differ from a directory of the kernel's. A rule names the operation, both answers and the
 * condition; whatever no rule excuses is wrong. A sequence ends with the first difference that is excused.
 */
import { readFileSync } from 'node:fs';

import type { BackendName } from './backends.ts';
import type { Operation } from './operations.ts';

export interface Difference {
  readonly backend: BackendName;
  /** What was done in this sequence, the operation that differs last. */
  readonly operations: readonly Operation[];
  /** The answers, an errno's name first. */
  readonly ours: string;
  readonly kernels: string;
}

export interface Rule {
  readonly operations: readonly string[];
  readonly ours: RegExp;
  readonly kernels: RegExp;
  readonly when: (difference: Difference) => boolean;
  readonly reason: string;
}

const in_broker: readonly BackendName[] = ['image', 'bind', 'volume', 'tmpfs'];
/** With a `.wh.` before it such a name is over 255 bytes. */
const unhidden_name = /n{252}/;
const reserved_name = /(^|\/)\.wh\./;

export const rules: readonly Rule[] = [
  {
    operations: ['fdstat', 'fdtimes'],
    ours: /^NOENT$/,
    kernels: /^SUCCESS d/,
    when: ({ backend }) => in_broker.includes(backend),
    reason: 'a guest holds no descriptor of a directory, only its path: one that was removed has no stat any more',
  },
  {
    operations: ['fdstat', 'read', 'pread', 'seek'],
    ours: /^SUCCESS/,
    kernels: /^SUCCESS/,
    when: ({ backend, operations }) => backend === 'image' && openedForReading(operations),
    reason: "as with overlayfs: who opened an image's file for reading before it was first changed keeps the image's",
  },
  {
    operations: ['link'],
    ours: /^PERM$/,
    kernels: /^ACCES$/,
    when: ({ operations }) => /(^|\/)\.\.?\/*$/.test(String(operations.at(-1)![2])),
    reason: 'a directory can have no second name; behind a dot it has none to be looked up by first',
  },
  {
    operations: ['link'],
    ours: /^PERM$/,
    kernels: /./,
    when: ({ backend }) => backend === 'image' && !hardLinksAreProtected(),
    reason: 'an image and its writable layer are as with fs.protected_hardlinks, which this machine has switched off',
  },
  {
    operations: ['open'],
    ours: /^LOOP$/,
    kernels: /^ISDIR$/,
    when: ({ operations }) => String(operations.at(-1)![4]).includes('c'),
    reason: 'a link to itself with a slash behind it: the kernel sees the slash first, and nothing is made either way',
  },
  {
    operations: ['unlink', 'rmdir', 'rename', 'sweep'],
    ours: /NAMETOOLONG/,
    kernels: /./,
    when: ({ backend, operations, ours }) =>
      backend === 'image' && unhidden_name.test(`${operations.at(-1)!.join(' ')} ${ours}`),
    reason: "what hides a name of the image is that name behind `.wh.`, in a layer's format and in the writable layer",
  },
  {
    operations: ['mkdir', 'open', 'symlink', 'link', 'rename'],
    ours: /^INVAL$/,
    kernels: /./,
    when: ({ backend, operations }) =>
      backend === 'image' && operations.at(-1)!.some((word) => reserved_name.test(String(word))),
    reason: 'names that begin with `.wh.` are the marks of a layer: they cannot be files of one',
  },
];

/** Whether the kernel lets users give a second name only to what is theirs or open to them. */
function hardLinksAreProtected(): boolean {
  return readFileSync('/proc/sys/fs/protected_hardlinks', 'utf8').trim() !== '0';
}

/** The rule that excuses a difference, null when it is not excused. */
export function excuseOf(difference: Difference): Rule | null {
  const [verb] = difference.operations.at(-1)!;
  return (
    rules.find(
      ({ operations, ours, kernels, when }) =>
        operations.includes(verb) && ours.test(difference.ours) && kernels.test(difference.kernels) && when(difference),
    ) ?? null
  );
}

/** Whether a descriptor that the last operation uses may have been opened for reading alone. */
function openedForReading(operations: readonly Operation[]): boolean {
  return operations.some(([verb, , , , how]) => verb === 'open' && !/[wt]/.test(String(how)));
}
