import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of the files below a directory, links not followed; what goes away meanwhile counts nothing. */
export async function diskUsage(folder: string): Promise<number> {
  let bytes = 0;
  const seen = new Set<number>();
  const todo = [folder];
  for (let directory = todo.pop(); directory !== undefined; directory = todo.pop()) {
    for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) {
        todo.push(path);
        continue;
      }
      const found = await lstat(path).catch(() => null);
      if (found === null || (found.nlink > 1 && seen.has(found.ino))) continue;
      if (found.nlink > 1) seen.add(found.ino);
      bytes += found.size;
    }
  }
  return bytes;
}
