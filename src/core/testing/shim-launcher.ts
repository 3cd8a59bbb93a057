import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { ShimBootstrap, ShimLauncher } from '../index.ts';

/** Starts shims for tests and knows which it started. */
export interface TestLauncher extends ShimLauncher {
  readonly shims: ShimBootstrap[];
  /** Ends every shim that still lives. */
  endAll(): void;
}

const script = fileURLToPath(new URL('./shim-process.ts', import.meta.url));

export function testLauncher(): TestLauncher {
  const shims: ShimBootstrap[] = [];
  const children: { kill(signal: 'SIGKILL'): boolean }[] = [];
  return {
    shims,
    endAll: () => {
      for (const child of children) child.kill('SIGKILL');
    },
    launch: ({ id, namespace, folder }) =>
      new Promise((resolve, reject) => {
        mkdirSync(folder, { recursive: true });
        const child = spawn(process.execPath, ['--experimental-ffi', '--no-warnings', script, id, namespace, folder], {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        children.push(child);
        child.once('exit', (code) => reject(new Error(`the test's shim ended with ${code}`)));
        child.stdout.setEncoding('utf8');
        child.stdout.once('data', (line: string) => {
          const bootstrap = JSON.parse(line) as ShimBootstrap;
          shims.push(bootstrap);
          resolve(bootstrap);
        });
      }),
  };
}
