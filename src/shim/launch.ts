import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { WherryError } from '../errors/index.ts';
import { shim_launch_ms_max } from '../limits/index.ts';
import type { ShimBootstrap, ShimLauncher } from './contract.ts';

export interface LauncherOptions {
  /** The exact Node binary. */
  readonly node: string;
  /** The bundles of shim and guest. */
  readonly shim: string;
  readonly guest: string;
  /** Folders that guests are handed files of to read. */
  readonly layers?: readonly string[];
  /** How guests are started; left out, the shim chooses. */
  readonly way?: 'fork' | 'spawn';
  /** Where compiled code is kept; left out, it is not. */
  readonly cache?: string;
}

/** Starts shims as processes of their own, which live on when this one ends. */
export function createLauncher(options: LauncherOptions): ShimLauncher {
  return {
    launch: ({ id, namespace, folder }) =>
      new Promise<ShimBootstrap>((resolve, reject) => {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        const log = openSync(join(folder, 'shim.log'), 'a', 0o600);
        const args = ['--id', id, '--namespace', namespace, '--folder', folder, '--guest', options.guest];
        for (const each of options.layers ?? []) args.push('--layers', each);
        if (options.way !== undefined) args.push('--way', options.way);
        if (options.cache !== undefined) args.push('--cache', options.cache);
        const child = spawn(
          options.node,
          ['--experimental-ffi', '--no-warnings', '--max-semi-space-size=2', options.shim, ...args],
          {
            cwd: '/',
            detached: true,
            stdio: ['ignore', 'pipe', log],
            // What a user's shell has for Node would only slow the shim down or open it.
            env: { PATH: process.env['PATH'] ?? '', NODE_COMPILE_CACHE: join(dirname(options.shim), 'compiled') },
          },
        );
        closeSync(log);
        const fail = (why: string): void => {
          clearTimeout(timer);
          child.kill('SIGKILL');
          reject(
            new WherryError('Unavailable', `Cannot start a shim: ${why}. Its log is ${join(folder, 'shim.log')}.`),
          );
        };
        const timer = setTimeout(() => fail(`it did not serve within ${shim_launch_ms_max} ms`), shim_launch_ms_max);
        child.once('error', (error) => fail(error.message));
        child.once('exit', (code, signal) => fail(`it ended with ${signal ?? `code ${code}`}`));
        let said = '';
        child.stdout!.setEncoding('utf8');
        child.stdout!.on('data', (chunk: string) => {
          said += chunk;
          if (!said.includes('\n')) return;
          clearTimeout(timer);
          child.removeAllListeners();
          child.stdout!.destroy();
          child.unref();
          resolve(JSON.parse(said) as ShimBootstrap);
        });
      }),
  };
}
