import { existsSync, mkdirSync } from 'node:fs';

import type { TaskStdio } from '../../core/index.ts';
import { fromUnknown, WherryError } from '../../errors/index.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { writeNetworkFiles } from './create/network-files.ts';
import { portError } from './ports/port-error.ts';
import { publishedPorts } from './ports/published-ports.ts';
import { exitCodeOf, inDockersWords } from './start-failures.ts';
import { publishJoined, publishLeft } from './surroundings.ts';
import { logFiles } from './logs/log-config.ts';
import { runtimeOptions } from './runtime-options.ts';

/**
 * Starts the container's task; in its turn only. When that fails the container keeps the reason and an exit code, and
 * clients that waited for its output are let go.
 *
 * @throws WherryError InvalidArgument when the program cannot be found or run, with the runtime's text
 */
export async function startTask(container: Container, context: ContainersContext): Promise<void> {
  const { tasks } = context.space;
  const { id } = container;
  container.process = 'starting';
  let joined = false;
  let reached_runtime = false;
  try {
    const { start_error } = container.record;
    if (start_error !== '') throw new WherryError('Unknown', start_error);
    makeBindSources(container);
    // A guest may have written to those of an earlier start.
    if (!existsSync(`${container.bundle}/hosts`)) writeNetworkFiles(container.bundle, container.record);
    publishJoined(container, context);
    joined = true;
    reached_runtime = true;
    const options = runtimeOptions(container.record, context.core.state);
    await tasks.create(id, stdioOf(container), container.clients.take(), options);
    container.takes_clients = true;
    container.ports = publishedPorts(container, tasks);
    await container.clients.handOver(tasks, id);
    container.pid = await tasks.start(id);
  } catch (thrown) {
    const message = inDockersWords(fromUnknown(thrown).message);
    const text =
      portError(message, container.name, context.networks) ??
      (reached_runtime ? `failed to create task for container: ${message}` : message);
    if (container.takes_clients) {
      container.takes_clients = false;
      await tasks
        .delete(id)
        .catch((error: Error) => context.log.error(`cannot delete the task of ${id}: ${error.message}`));
    }
    container.process = 'none';
    container.ports = [];
    container.clients.dismiss();
    if (joined) publishLeft(container, context);
    container.changeState({ exit_code: exitCodeOf(text), error: text });
    throw failed(thrown, text);
  }
  container.process = 'running';
  container.changeState({ started_at: new Date().toISOString(), exit_code: 0, error: '', oom: false });
  container.publish('start');
  // Whether it runs is the shim's to know.
  container.saveAtLeisure();
}

function failed(thrown: unknown, text: string): WherryError {
  if (exitCodeOf(text) !== 128) return new WherryError('InvalidArgument', text, { cause: thrown });
  const told = ['PermissionDenied', 'Unimplemented', 'Unavailable', 'ResourceExhausted'];
  if (thrown instanceof WherryError && told.includes(thrown.class)) {
    return new WherryError(thrown.class, text, { cause: thrown });
  }
  return new WherryError('Unknown', text, { cause: thrown });
}

function makeBindSources({ record }: Container): void {
  for (const { Type, Source, create_source } of record.mounts) {
    if (Type !== 'bind' || !create_source) continue;
    try {
      mkdirSync(Source, { recursive: true, mode: 0o755 });
    } catch (cause) {
      // A file is a good source, too.
      if ((cause as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw new WherryError(
        'Unknown',
        `error while creating mount source path '${Source}': ${(cause as Error).message}`,
        {
          cause,
        },
      );
    }
  }
}

/** Each part by itself: a folder's name may hold what ends a path in a URI. */
function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function stdioOf(container: Container): TaskStdio {
  const { config, host_config } = container.record;
  const files = logFiles(host_config.LogConfig);
  const out =
    files === null
      ? 'none://'
      : `json-file://${encodePath(container.log_path)}?max-size=${files.bytes_max}&max-file=${files.files_max}`;
  const stdin = config.OpenStdin ? (config.StdinOnce ? 'attach://?once=1' : 'attach://') : '';
  return { stdin, stdout: out, stderr: config.Tty ? '' : out, terminal: config.Tty };
}
