import type { Attributes } from './entry-tree.ts';

/** One entry of a tar, checked and with its extended headers taken in. */
export interface TarEntry extends Attributes {
  /** The path as recorded, exact bytes: may start with `/` or `./` and end with `/`; has no `..` and no NUL. */
  readonly name: Uint8Array;
  /** The target of a symlink, or for a hard link the path of the file it names; empty for others. */
  readonly link: Uint8Array;
  /** Where the entry's own header starts in the tar, for messages. */
  readonly header: number;
}
