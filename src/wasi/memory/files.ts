import { memory_files_bytes_max } from '../../limits/index.ts';
import type { Files } from '../files.ts';
import { MemoryDirectory } from './directory.ts';
import { Volume } from './volume.ts';

export interface MemoryFilesOptions {
  /** Bytes of all files, names' inodes counted with 256 each; `memory_files_bytes_max` unless given. */
  readonly bytes_max?: number;
  /** Nanoseconds since the epoch. */
  readonly now?: () => bigint;
}

/** A tree of files in memory. */
export interface MemoryFiles extends Files {
  readonly root: MemoryDirectory;
  /** Puts a file at an absolute path, making the directories on the way; `content` is kept, not copied. */
  put(path: string, content: Uint8Array): void;
  /** Makes a directory at an absolute path, and those on the way. */
  makeDirectories(path: string): void;
}

/** An empty tree in memory. */
export function createMemoryFiles(options: MemoryFilesOptions = {}): MemoryFiles {
  const now = options.now ?? (() => BigInt(Date.now()) * 1_000_000n);
  const root = new MemoryDirectory(new Volume(options.bytes_max ?? memory_files_bytes_max, now), null);

  function directoryAt(names: readonly string[]): MemoryDirectory {
    let at = root;
    for (const name of names) {
      if (at.child(name) === null) at.makeDirectory(name);
      const child = at.child(name);
      if (!(child instanceof MemoryDirectory)) throw new TypeError(`${name} is not a directory`);
      at = child;
    }
    return at;
  }

  const split = (path: string): string[] => path.split('/').filter((name) => name !== '');
  return {
    root,
    put(path, content) {
      const names = split(path);
      const name = names.pop();
      if (name === undefined) throw new TypeError('the root is a directory');
      directoryAt(names).addFile(name, content);
    },
    makeDirectories(path) {
      directoryAt(split(path));
    },
  };
}
