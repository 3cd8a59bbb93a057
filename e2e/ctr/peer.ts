/** A real containerd of a version in a folder of its own, as `e2e/record/containerd.sh` starts it, and its programs. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { temporaryFolder } from '../folder.ts';

const script = join(import.meta.dirname, '../record/containerd.sh');

/** Versions that ours is compared with; `2` is the newest that Debian has. */
export const versions = ['1.6', '2'] as const;
export type Version = (typeof versions)[number];

export interface Peer {
  readonly folder: string;
  readonly socket: string;
  /** Ends it, its shims and containers, and removes its folder. */
  stop(): void;
}

/** The folder with `ctr` and its like of that version; null, when it is not here and cannot be fetched. */
export function programsOf(version: Version): string | null {
  const { status, stdout } = sh('programs', version);
  return status === 0 ? stdout.trim() : null;
}

/** Starts one; needs root. */
export function startPeer(version: Version): Peer {
  const folder = join(temporaryFolder('c-'), 'c');
  const { status, stdout, stderr } = sh('start', version, folder);
  if (status !== 0) throw new Error(`containerd ${version} did not start: ${stderr}`);
  return {
    folder,
    socket: stdout.trim(),
    stop: () => {
      const stopped = sh('stop', version, folder);
      if (stopped.status !== 0) throw new Error(`containerd ${version} did not stop: ${stopped.stderr}`);
      spawnSync('rm', ['-rf', join(folder, '..')]);
    },
  };
}

function sh(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('sh', [script, ...args], { encoding: 'utf8', timeout: 300_000 });
}
