import type { Any } from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import type { ContainersContext } from '../context.ts';
import { buildEnvironment } from '../create/environment.ts';
import { linuxExecProcess } from '../create/linux/exec-process.ts';
import { findUser } from '../create/user.ts';
import type { Exec } from './exec.ts';

const type_url = 'types.containerd.io/opencontainers/runtime-spec/1/Process';

/**
 * The process as a shim is told of it (runtime-spec, config.json, `process`): the container's own, with what the
 * request has in place of its arguments, environment, user, directory and terminal.
 *
 * @throws WherryError InvalidArgument for a user that there is not, NotFound when the container is gone
 */
export async function buildProcess(
  { space }: ContainersContext,
  { request, container }: Exec,
  [height, width]: readonly [height: number, width: number],
): Promise<Any> {
  const found = space.findContainer(container.id);
  if (found === null) throw new WherryError('NotFound', `No such container: ${container.id}`);
  const spec = JSON.parse(Buffer.from(found.spec.value).toString()) as { readonly process?: Record<string, unknown> };
  const { consoleSize: _, ...own } = spec.process ?? {};
  const { config, host_config } = container.record;
  const { user: name, terminal } = request;
  const user = await findUser(
    name === '' ? config.User : name,
    host_config.GroupAdd ?? [],
    await space.mounts(container.id),
  );
  const cwd = request.working_directory || config.WorkingDir || '/';
  const process = {
    ...own,
    terminal,
    ...(terminal && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
    user: {
      uid: user.uid,
      gid: user.gid,
      ...(user.groups.length === 0 ? {} : { additionalGids: user.groups }),
    },
    args: request.command,
    env: buildEnvironment({ ...config, Tty: terminal, Env: [...config.Env, ...request.env] }, user.home, cwd),
    cwd,
    ...(container.record.runtime === undefined ? {} : linuxExecProcess(container.record, user, request)),
  };
  return { type_url, value: Buffer.from(JSON.stringify(process)) };
}
