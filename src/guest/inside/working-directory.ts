import { Errno, type Files } from '../../wasi/index.ts';

/**
 * Makes the working directory in the writable layer where the image has none, as runtimes do. What cannot be made (a
 * read-only root, a file in the way) is left: the guest is told by what it then tries.
 */
export function makeWorkingDirectory(files: Files, path: string): void {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  if (names.includes('..')) return;
  try {
    const { directory, taken, stopped } = files.root.walk(names);
    if (taken === names.length || stopped !== null) return;
    let below = directory;
    for (const name of names.slice(taken)) {
      below.makeDirectory(name);
      below = below.walk([name]).directory;
    }
  } catch (error) {
    if (!(error instanceof Errno)) throw error;
  }
}
