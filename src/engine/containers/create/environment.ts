import type { ContainerConfig } from '../config.ts';

const default_path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The environment of a container: Docker's own variables, over them those of the config, and HOME and PWD where nobody
 * set them. A variable without `=` unsets one.
 */
export function buildEnvironment(config: ContainerConfig, home: string, directory: string): readonly string[] {
  const variables = new Map<string, string>();
  const set = (variable: string): void => void variables.set(variable.split('=', 1)[0]!, variable);
  set(default_path);
  set(`HOSTNAME=${config.Hostname}`);
  if (config.Tty) set('TERM=xterm');
  set(`HOME=${home}`);
  set(`PWD=${directory}`);
  for (const variable of config.Env) {
    if (variable.includes('=')) set(variable);
    else variables.delete(variable);
  }
  return [...variables.values()];
}
