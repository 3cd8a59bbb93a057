import { WherryError } from '../../../errors/index.ts';
import type { RunConfig } from '../../../oci/index.ts';
import type { ContainerConfig } from '../config.ts';

/**
 * The config of a container: what was asked for, and the image's where nothing was.
 *
 * @throws WherryError InvalidArgument when it has nothing to run
 */
export function mergeConfig(asked: ContainerConfig, image: RunConfig): ContainerConfig {
  const without = (list: readonly string[] | null): boolean => list === null || list.length === 0;
  const inherit = without(asked.Entrypoint);
  const Cmd = inherit && without(asked.Cmd) ? (image.Cmd ?? null) : asked.Cmd;
  let Entrypoint = inherit && asked.Entrypoint === null ? (image.Entrypoint ?? null) : asked.Entrypoint;
  // How a client says that it wants none.
  if (Entrypoint?.length === 1 && Entrypoint[0] === '') Entrypoint = null;
  if (without(Entrypoint) && without(Cmd)) throw new WherryError('InvalidArgument', 'no command specified');
  return {
    ...asked,
    User: asked.User === '' ? (image.User ?? '') : asked.User,
    ExposedPorts: union(asked.ExposedPorts, image.ExposedPorts),
    Env: mergeEnv(asked.Env, image.Env ?? []),
    Cmd,
    Entrypoint,
    Volumes: union(asked.Volumes, image.Volumes),
    WorkingDir: asked.WorkingDir === '' ? (image.WorkingDir ?? '') : asked.WorkingDir,
    Labels: { ...image.Labels, ...asked.Labels },
    StopSignal: asked.StopSignal === '' ? (image.StopSignal ?? '') : asked.StopSignal,
    StopTimeout: asked.StopTimeout ?? image.StopTimeout ?? null,
    OnBuild: asked.OnBuild ?? image.OnBuild ?? null,
    Shell: asked.Shell ?? image.Shell ?? null,
    Healthcheck:
      asked.Healthcheck === null && image.Healthcheck === undefined
        ? null
        : { ...image.Healthcheck, ...asked.Healthcheck },
  };
}

function union(asked: readonly string[], image: readonly string[] | undefined): readonly string[] {
  return [...new Set([...asked, ...(image ?? [])])];
}

function mergeEnv(asked: readonly string[], image: readonly string[]): readonly string[] {
  const names = new Set(asked.map(nameOf));
  return [...asked, ...image.filter((variable) => !names.has(nameOf(variable)))];
}

function nameOf(variable: string): string {
  return variable.split('=', 1)[0]!;
}
