import { Errno, type File, type Files, openPath } from '../../wasi/index.ts';
import type { GuestJob } from '../job.ts';
import { NotRunnable } from './not-runnable.ts';

export interface Program {
  readonly file: File;
  /** Absolute, as it becomes `argv[0]`. */
  readonly path: string;
  /** A function named by `program.wasm#name`, to run instead of `_start`. */
  readonly export: string | null;
}

/**
 * The program of a job: an absolute path, one relative to the working directory, or a name looked for along PATH; each
 * also with `.wasm` behind it. No execute bit is needed.
 *
 * @throws NotRunnable with the words of a runtime: not found 127, not a file 126
 */
export function findProgram(files: Files, { args, env, cwd }: GuestJob): Program {
  const [entry = ''] = args;
  const hash = entry.lastIndexOf('#');
  const name = hash > 0 ? entry.slice(0, hash) : entry;
  let refused: { path: string; errno: Errno } | null = null;
  for (const path of candidates(name, env, cwd))
    for (const each of path.endsWith('.wasm') ? [path] : [path, `${path}.wasm`])
      try {
        return { file: openPath(files, each), path: each, export: hash > 0 ? entry.slice(hash + 1) : null };
      } catch (error) {
        if (!(error instanceof Errno)) throw error;
        if (error.name !== 'NOENT' && error.name !== 'NOTDIR') refused ??= { path: each, errno: error };
      }
  if (refused !== null) throw new NotRunnable(`exec: "${entry}": ${words(refused.errno)}`, 126);
  if (name.includes('/')) throw new NotRunnable(`exec: "${entry}": stat ${entry}: no such file or directory`, 127);
  throw new NotRunnable(`exec: "${entry}": executable file not found in $PATH`, 127);
}

function candidates(name: string, env: readonly string[], cwd: string): string[] {
  if (name.startsWith('/')) return [name];
  const base = cwd === '/' ? '' : cwd;
  const here = `${base}/${name.replace(/^(?:\.\/)+/, '')}`;
  if (name.includes('/')) return [here];
  const search = env.find((entry) => entry.startsWith('PATH='))?.slice('PATH='.length) ?? '';
  const folders = search.split(':').map((folder) => (folder === '' ? base : folder.replace(/\/+$/, '')));
  return name === '' ? [] : [here, ...folders.map((folder) => `${folder}/${name}`)];
}

function words(errno: Errno): string {
  if (errno.name === 'ISDIR') return 'is a directory: permission denied';
  if (errno.name === 'ACCES' || errno.name === 'PERM') return 'permission denied';
  if (errno.name === 'LOOP') return 'too many levels of symbolic links';
  return `cannot be read (${errno.name})`;
}
