import * as v from 'valibot';

import type { ExecRequest } from '../../engine/index.ts';
import { parseBody } from './parse-body.ts';
import type { ApiRequest } from './route.ts';
import { flag, strings, text } from './schema-parts.ts';

/** Height and width. */
const size = v.nullish(
  v.tuple([v.pipe(v.number(), v.integer(), v.minValue(0)), v.pipe(v.number(), v.integer(), v.minValue(0))]),
  [0, 0],
);

const requestSchema = v.object({
  User: text,
  Privileged: flag,
  Tty: flag,
  ConsoleSize: size,
  AttachStdin: flag,
  AttachStderr: flag,
  AttachStdout: flag,
  DetachKeys: text,
  Env: strings,
  WorkingDir: text,
  Cmd: strings,
});

const startSchema = v.object({ Detach: flag, Tty: flag, ConsoleSize: size });

type Size = readonly [height: number, width: number];

/**
 * What a client wants to be run in a container.
 *
 * @throws WherryError InvalidArgument with Docker's texts
 */
export async function readExecRequest(request: ApiRequest): Promise<ExecRequest> {
  const body = parseBody(requestSchema, await request.json());
  return {
    command: body.Cmd ?? [],
    env: request.before('1.25') ? [] : (body.Env ?? []),
    user: body.User,
    working_directory: request.before('1.35') ? '' : body.WorkingDir,
    privileged: body.Privileged,
    terminal: body.Tty,
    stdin: body.AttachStdin,
    stdout: body.AttachStdout,
    stderr: body.AttachStderr,
    detach_keys: body.DetachKeys,
    console_size: request.before('1.42') ? [0, 0] : sizeOf(body.ConsoleSize),
  };
}

/** How a client wants it to be started. */
export async function readExecStart(
  request: ApiRequest,
): Promise<{ readonly detach: boolean; readonly console_size: Size }> {
  const body = parseBody(startSchema, (await request.optionalJson()) ?? {});
  return { detach: body.Detach, console_size: request.before('1.42') ? [0, 0] : sizeOf(body.ConsoleSize) };
}

function sizeOf(given: readonly number[]): Size {
  return [given[0] ?? 0, given[1] ?? 0];
}
