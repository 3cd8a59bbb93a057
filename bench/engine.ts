import { spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Connection } from '../src/client/index.ts';

/** A daemon of ours with folders of its own. */
export interface BenchDaemon {
  readonly socket: string;
  readonly pid: number;
  readonly state: string;
  readonly connection: Connection;
  stop(): Promise<void>;
}

/** A connection to an engine at a unix socket, of an API version that engines of the last years have. */
export function connect(socket: string): Connection {
  return new Connection({ address: { kind: 'unix', path: socket }, name: `unix://${socket}`, from: 'flag' }, '1.44');
}

/** Starts a daemon from the bundles in `dist/`, and waits until it answers. */
export async function startDaemon(): Promise<BenchDaemon> {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-bench-'));
  const state = mkdtempSync(join(runtimeFolder(), 'wherry-bench-'));
  const socket = join(state, 'docker.sock');
  const child = spawn(
    process.execPath,
    [
      '--experimental-ffi',
      '--no-warnings',
      '--max-semi-space-size=2',
      'dist/daemon.js',
      '--data-root',
      join(folder, 'root'),
      '--exec-root',
      state,
    ],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: join(import.meta.dirname, '../dist/compiled') },
    },
  );
  const connection = connect(socket);
  for (let tries = 0; ; tries++) {
    try {
      await connection.call('GET', '/_ping');
      break;
    } catch (error) {
      if (tries > 500 || child.exitCode !== null) throw error;
      await sleep(20);
    }
  }
  return {
    socket,
    pid: child.pid!,
    state,
    connection,
    async stop() {
      const containers = await connection.json<{ Id: string }[]>('GET', '/containers/json', { query: { all: '1' } });
      for (const { Id } of containers) await connection.call('DELETE', `/containers/${Id}`, { query: { force: '1' } });
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await gone;
      for (const pid of shimPids(state)) process.kill(pid, 'SIGKILL');
      for (const each of [folder, state]) rmSync(each, { recursive: true, force: true });
    },
  };
}

/** Where an installed daemon has what does not outlive the machine: in memory, where there is such a place. */
function runtimeFolder(): string {
  const tmpfs = 0x01021994;
  const folders = [process.env['XDG_RUNTIME_DIR'], '/run', '/dev/shm'].filter((folder) => folder !== undefined);
  return folders.find((folder) => isWritable(folder) && statfsSync(folder).type === tmpfs) ?? tmpdir();
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The processes of the shims of a daemon. */
export function shimPids(state: string): number[] {
  try {
    return readdirSync(join(state, 'shims')).flatMap((id) => {
      try {
        return [(JSON.parse(readFileSync(join(state, 'shims', id, 'bootstrap.json'), 'utf8')) as { pid: number }).pid];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** The children of a process. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Proportional set size of a process in MB. */
export function pss(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))![1]) / 1024;
}

/** The page tables of a process in MB. */
export function pageTables(pid: number): number {
  return Number(/^VmPTE:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Whether a command exists. */
export function exists(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}
