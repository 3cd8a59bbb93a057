import type { Engine, Exec, ExecRequest } from '../../../engine/index.ts';
import { fromUnknown, WherryError } from '../../../errors/index.ts';
import { close, duplicate } from '../../../os/index.ts';
import { parseDetachKeys } from '../../../shim/index.ts';
import { readExecRequest, readExecStart } from '../exec-request.ts';
import { lateWords, streamType } from '../log-frames.ts';
import { dimension } from '../numbers.ts';
import type { ApiReply, ApiRequest, Route } from '../route.ts';

/** Operations on programs that are run in containers beside their own. */
export function execRoutes(engine: Engine): readonly Route[] {
  const { containers } = engine;
  const { execs } = containers;
  const id = (request: ApiRequest): string => request.params['id'] ?? '';

  async function create(request: ApiRequest, reply: ApiReply): Promise<void> {
    const asked = await readExecRequest(request);
    if (parseDetachKeys(asked.detach_keys) === null)
      throw new WherryError('Unknown', `Invalid escape keys (${asked.detach_keys}) provided`);
    const exec = await containers.exec(id(request), asked);
    reply.json(201, { Id: exec.id });
  }

  async function start(request: ApiRequest, reply: ApiReply): Promise<void> {
    const { detach, console_size } = await readExecStart(request);
    const exec = execs.find(id(request));
    execs.checkStartable(exec);
    if (detach) {
      await execs.start(exec, { console_size, connection: null });
      reply.empty(200);
      return;
    }
    const { terminal } = exec.request;
    const connection = await reply.hijack(streamType(terminal, request.before('1.42')));
    const { fd, head } = connection.release();
    const own = duplicate(fd);
    try {
      await execs.start(exec, { console_size, connection: { fd, head } });
    } catch (error) {
      lateWords(own, `${fromUnknown(error).message}\r\n`, terminal);
    } finally {
      close(own);
    }
  }

  async function inspect(request: ApiRequest, reply: ApiReply): Promise<void> {
    reply.json(200, execJson(await execs.inspect(id(request))));
  }

  async function resize(request: ApiRequest, reply: ApiReply): Promise<void> {
    const height = dimension(request.query, 'h', 'height');
    const width = dimension(request.query, 'w', 'width');
    await execs.resize(execs.find(id(request)), width, height);
    reply.empty(200);
  }

  return [
    { method: 'POST', pattern: '/containers/{id}/exec', handler: create },
    { method: 'POST', pattern: '/exec/{id}/start', hijacks: true, handler: start },
    { method: 'POST', pattern: '/exec/{id}/resize', handler: resize },
    { method: 'GET', pattern: '/exec/{id}/json', handler: inspect },
  ];
}

function execJson({ id, container, request, phase, exit_code, pid }: Exec): object {
  return {
    ID: id,
    Running: phase === 'running',
    ExitCode: exit_code,
    ProcessConfig: processJson(request),
    OpenStdin: request.stdin,
    OpenStderr: request.stderr,
    OpenStdout: request.stdout,
    CanRemove: false,
    ContainerID: container.id,
    // Go writes bytes so.
    DetachKeys: request.detach_keys === '' ? '' : Buffer.from(parseDetachKeys(request.detach_keys)!).toString('base64'),
    Pid: pid,
  };
}

function processJson({ terminal, command, privileged, user }: ExecRequest): object {
  const [entrypoint, ...args] = command;
  return {
    tty: terminal,
    entrypoint,
    arguments: args,
    privileged,
    ...(user === '' ? {} : { user }),
  };
}
