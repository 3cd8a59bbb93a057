import { spawn } from 'node:child_process';

import { WherryError } from '../../errors/index.ts';
import { hook_output_bytes_max } from '../../limits/index.ts';
import type { ForeignBundle, Hook, HookPhase } from './foreign-bundle.ts';

/** What a hook is told on its stdin: the state of the container (runtime-spec, runtime.md). */
export interface HookedContainer {
  readonly id: string;
  readonly bundle: string;
  /** 0 when there is no process any more. */
  readonly pid: number;
  readonly spec: ForeignBundle;
}

export type HookStatus = 'creating' | 'created' | 'running' | 'stopped';

/** Those that run in the container's namespaces. */
const inside: ReadonlySet<HookPhase> = new Set(['createContainer', 'startContainer']);

/**
 * Runs the hooks of a phase one after the other. `enter` is our own binary, which goes into the namespaces of a process.
 *
 * @throws WherryError FailedPrecondition with a runtime's text at the first that fails, and no more are run
 */
export async function runHooks(
  phase: HookPhase,
  status: HookStatus,
  container: HookedContainer,
  enter: string,
): Promise<void> {
  const { id, bundle, pid, spec } = container;
  for (const [i, hook] of spec.hooks[phase].entries()) {
    const state = {
      ociVersion: spec.oci_version,
      id,
      status,
      ...(pid === 0 ? {} : { pid }),
      bundle,
      annotations: spec.annotations,
    };
    const failure = await runHook(
      hook,
      JSON.stringify(state),
      bundle,
      inside.has(phase) && pid !== 0 ? { enter, pid } : null,
    );
    if (failure !== null) throw new WherryError('FailedPrecondition', `error running ${phase} hook #${i}: ${failure}`);
  }
}

/** Why it failed, or null. */
function runHook(
  hook: Hook,
  state: string,
  cwd: string,
  namespaces: { readonly enter: string; readonly pid: number } | null,
): Promise<string | null> {
  const { path, args, env, timeout_ms } = hook;
  return new Promise((resolve) => {
    const variables = env.length === 0 ? process.env : Object.fromEntries(env.map(nameAndValue));
    const child =
      namespaces === null
        ? spawn(path, args.slice(1), { argv0: args[0]!, cwd, env: variables, stdio: 'pipe', detached: true })
        : spawn(namespaces.enter, ['enter', String(namespaces.pid), path, ...args], {
            cwd,
            env: variables,
            stdio: 'pipe',
            detached: true,
          });
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (piece: string) => {
        if (said[name].length < hook_output_bytes_max) said[name] += piece;
      });
    let why: string | null = null;
    const timer =
      timeout_ms === null
        ? null
        : setTimeout(() => {
            why = `hook ran past specified timeout of ${(timeout_ms / 1000).toFixed(1)}s`;
            // It has a group of its own, with what it started.
            if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
            // What it started may hold its output open.
            child.stdout.destroy();
            child.stderr.destroy();
          }, timeout_ms);
    child.once('error', (error) => {
      if (timer !== null) clearTimeout(timer);
      resolve(error.message);
    });
    child.once('close', (code, signal) => {
      if (timer !== null) clearTimeout(timer);
      if (why !== null) return resolve(why);
      if (code === 0) return resolve(null);
      const ended = signal === null ? `exit status ${code}` : `signal: ${signal}`;
      resolve(`${ended}, stdout: ${said.stdout}, stderr: ${said.stderr}`);
    });
    child.stdin.on('error', () => {});
    child.stdin.end(state);
  });
}

function nameAndValue(variable: string): [string, string] {
  const at = variable.indexOf('=');
  return at < 0 ? [variable, ''] : [variable.slice(0, at), variable.slice(at + 1)];
}
