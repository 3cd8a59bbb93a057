import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';

import { type Attached, framesOf, TestDaemon } from '../daemon-for-tests.ts';

const daemon = await TestDaemon.start({ after });
await daemon.load('probe', 'e2e/guests/probe.wasm');
await daemon.load('hello');
afterEach(() => daemon.empty());

const program = '/module.wasm';

interface ExecJson {
  readonly Running: boolean;
  readonly ExitCode: number | null;
  readonly Pid: number;
  readonly ContainerID: string;
  readonly ProcessConfig: object;
}

async function stays(name = 'one', fields: Record<string, unknown> = {}): Promise<string> {
  const id = await daemon.create(name, { Image: 'probe', Cmd: ['stay'], ...fields });
  assert.equal((await daemon.send('POST', `/containers/${id}/start`)).status, 204);
  return id;
}

async function make(container: string, Cmd: readonly string[], fields: Record<string, unknown> = {}): Promise<string> {
  const body = { Cmd, AttachStdout: true, AttachStderr: true, ...fields };
  const { status, json, body: text } = await daemon.send('POST', `/containers/${container}/exec`, body);
  assert.equal(status, 201, text);
  return (json as { Id: string }).Id;
}

function start(exec: string, body: object = {}, upgrade = true): Promise<Attached> {
  return daemon.takeOver(`/v1.50/exec/${exec}/start`, body, upgrade);
}

async function inspect(exec: string): Promise<ExecJson> {
  return (await daemon.send('GET', `/exec/${exec}/json`)).json as ExecJson;
}

/** Runs one to its end, as the CLI does; gives its exit code and what it printed. */
async function run(
  container: string,
  Cmd: readonly string[],
  fields: Record<string, unknown> = {},
): Promise<readonly [number | null, ReturnType<typeof framesOf>]> {
  const exec = await make(container, Cmd, fields);
  const frames = framesOf(await (await start(exec)).output);
  // Whoever saw the end of its output is told at once how it ended.
  return [(await inspect(exec)).ExitCode, frames];
}

test('an exec has output, exit code, environment, directory and user of its own', async () => {
  const id = await stays('one', { Env: ['A=1', 'B=2'], WorkingDir: '/tmp' });
  assert.deepEqual(await run(id, [program, 'args', 'x y']), [0, [[1, '[x y]\n']]]);
  assert.deepEqual(await run(id, [program, 'exit', '7']), [7, []]);
  assert.deepEqual(await run(id, [program, 'cat', '/none']), [1, [[2, 'probe: /none: No such file or directory\n']]]);
  const env = { Env: ['B=3', 'C=4', 'A'] };
  assert.deepEqual(await run(id, [program, 'env', 'A', 'B', 'C'], env), [0, [[1, 'A\nB=3\nC=4\n']]]);
  assert.equal((await run(id, [program, 'write', 'here', 'x']))[0], 0);
  assert.deepEqual(await run(id, [program, 'cat', '/tmp/here']), [0, [[1, 'x\n']]]);
  assert.deepEqual(await run(id, [program, 'ls', '.'], { WorkingDir: '/tmp' }), [0, [[1, 'here\n']]]);
  const other = await stays('other');
  assert.equal((await run(other, [program, 'write', '/no', 'x'], { User: '1000:1000' }))[0], 1);
});

test('one is told of while it runs, and ends with its container', async () => {
  const id = await stays();
  const exec = await make(id, [program, 'stay', 'too'], {
    Tty: true,
    User: '0',
    Privileged: true,
    DetachKeys: 'ctrl-a',
  });
  const { ExecIDs } = (await daemon.send('GET', `/containers/${id}/json`)).json as { ExecIDs: readonly string[] };
  assert.deepEqual(ExecIDs, [exec]);
  assert.deepEqual(await inspect(exec), {
    ID: exec,
    Running: false,
    ExitCode: null,
    ProcessConfig: { tty: true, entrypoint: program, arguments: ['stay', 'too'], privileged: true, user: '0' },
    OpenStdin: false,
    OpenStderr: true,
    OpenStdout: true,
    CanRemove: false,
    ContainerID: id,
    DetachKeys: 'AQ==',
    Pid: 0,
  });
  const attached = await start(exec, { Tty: true, ConsoleSize: [20, 40] });
  assert.match(attached.head, /application\/vnd\.docker\.raw-stream/);
  while (!(await inspect(exec)).Running);
  const running = await inspect(exec);
  assert.ok(running.Pid > 0);
  const { Processes } = (await daemon.send('GET', `/containers/${id}/top`)).json as { Processes: string[][] };
  assert.deepEqual(
    Processes.map((row) => row.at(-1)),
    ['/module.wasm stay', '/module.wasm stay too'],
  );
  assert.ok(Processes.some((row) => row.includes(String(running.Pid))));
  assert.equal((await daemon.send('POST', `/exec/${exec}/resize?h=10&w=20`)).status, 200);
  assert.equal((await daemon.send('POST', `/exec/${exec}/resize?h=x&w=20`)).status, 400);
  assert.equal((await daemon.send('POST', `/containers/${id}/kill`)).status, 204);
  await attached.output;
  assert.deepEqual([(await inspect(exec)).Running, (await inspect(exec)).ExitCode], [false, 137]);
  await daemon.send('DELETE', `/containers/${id}`);
  assert.equal((await daemon.send('GET', `/exec/${exec}/json`)).status, 404);
});

test('what is typed reaches it, and its end is the end of its stdin', async () => {
  const id = await stays();
  const exec = await make(id, [program, 'line'], { AttachStdin: true });
  const attached = await start(exec);
  attached.socket.end('typed\n');
  assert.match(String(await attached.output), /typed/);
});

test('a body that comes a while after the head of a request is waited for', async (t) => {
  daemon.body_delay_ms = 30;
  t.after(() => (daemon.body_delay_ms = 0));
  const id = await stays();
  assert.deepEqual(await run(id, [program, 'args', 'late']), [0, [[1, '[late]\n']]]);
  const attached = await start(await make(id, [program, 'args', 'late']), {}, false);
  assert.deepEqual(framesOf(await attached.output), [[1, '[late]\n']]);
});

test('without an upgrade the stream comes behind a 200, and detached there is none', async () => {
  const id = await stays();
  const attached = await start(await make(id, [program, 'exit', '0']), {}, false);
  assert.match(attached.head, /^HTTP\/1\.1 200 OK/);
  await attached.output;
  const exec = await make(id, [program, 'write', '/made', 'x']);
  const { status, body } = await daemon.send('POST', `/exec/${exec}/start`, { Detach: true });
  assert.deepEqual([status, body], [200, '']);
  while ((await inspect(exec)).ExitCode === null);
  assert.deepEqual(await run(id, [program, 'cat', '/made']), [0, [[1, 'x\n']]]);
  const again = await daemon.send('POST', `/exec/${exec}/start`, { Detach: true });
  assert.deepEqual([again.status, again.message], [409, `exec command ${exec} has already run`]);
});

test('a command that is not there is told of on stdout, with exit code 127', async () => {
  const id = await stays();
  const text =
    'OCI runtime exec failed: exec failed: unable to start container process: exec: "nope": executable file not found in $PATH';
  const exec = await make(id, ['nope']);
  assert.deepEqual(framesOf(await (await start(exec)).output), [[1, `${text}\r\n`]]);
  assert.equal((await inspect(exec)).ExitCode, 127);
  const terminal = await make(id, ['nope'], { Tty: true });
  assert.equal(String(await (await start(terminal, { Tty: true })).output), `${text}\r\n`);
  const detached = await daemon.send('POST', `/exec/${await make(id, ['nope'])}/start`, { Detach: true });
  assert.deepEqual([detached.status, detached.message], [400, text]);
});

test('what cannot be is refused in Docker’s words', async () => {
  const id = await daemon.create('made', { Image: 'hello' });
  const refused = async (container: string, body: object, status: number, message: RegExp | string): Promise<void> => {
    const answer = await daemon.send('POST', `/containers/${container}/exec`, body);
    assert.equal(answer.status, status);
    if (typeof message === 'string') assert.equal(answer.message, message);
    else assert.match(answer.message, message);
  };
  await refused(id, { Cmd: ['x'] }, 409, `container ${id} is not running`);
  await refused('none', { Cmd: ['x'] }, 404, 'No such container: none');
  const runs = await stays('runs');
  await refused(runs, {}, 400, 'No exec command specified');
  await refused(runs, { Cmd: ['x'], User: 'nobody' }, 400, /unable to find user nobody: no matching entries/);
  await refused(runs, { Cmd: ['x'], DetachKeys: 'ctrl-' }, 500, 'Invalid escape keys (ctrl-) provided');
  await refused(runs, { Cmd: ['x'], ConsoleSize: [-1, 2] }, 400, /ConsoleSize/);
  for (const [method, path] of [
    ['POST', 'start'],
    ['GET', 'json'],
    ['POST', 'resize?h=1&w=1'],
  ] as const) {
    const answer = await daemon.send(method, `/exec/none/${path}`, method === 'POST' ? {} : undefined);
    assert.deepEqual([answer.status, answer.message], [404, 'No such exec instance: none']);
  }
});

test('a paused container stands still, takes no execs, and goes on', async () => {
  const id = await stays('held');
  const post = async (path: string): Promise<readonly [number, string]> => {
    const { status, message } = await daemon.send('POST', `/containers/held/${path}`);
    return [status, message];
  };
  assert.deepEqual(await post('unpause'), [500, `Container ${id} is not paused`]);
  assert.deepEqual(await post('pause'), [204, '']);
  assert.deepEqual(await post('pause'), [409, `Container ${id} is already paused`]);
  const { State } = (await daemon.send('GET', `/containers/${id}/json`)).json as { State: Record<string, unknown> };
  assert.deepEqual([State['Status'], State['Running'], State['Paused']], ['paused', true, true]);
  assert.deepEqual(await post('start'), [409, 'cannot start a paused container, try unpause instead']);
  const exec = await daemon.send('POST', '/containers/held/exec', { Cmd: ['x'] });
  assert.deepEqual([exec.status, exec.message], [409, 'Container held is paused, unpause the container before exec']);
  const [summary] = (await daemon.send('GET', '/containers/json')).json as { State: string; Status: string }[];
  assert.equal(summary!.State, 'paused');
  assert.match(summary!.Status, /\(Paused\)$/);
  await daemon.close();
  await daemon.open();
  assert.deepEqual(await post('unpause'), [204, '']);
  assert.deepEqual(await post('pause'), [204, '']);
  assert.deepEqual(await post('stop'), [204, '']);
  assert.deepEqual(await post('pause'), [409, `container ${id} is not running`]);
});

test('an exec goes on, and keeps its client, when the daemon is gone', async () => {
  const id = await stays();
  const exec = await make(id, [program, 'count', '5', '100', '3']);
  const attached = await start(exec);
  while (!(await inspect(exec)).Running);
  await daemon.close();
  await daemon.open();
  assert.deepEqual(framesOf(await attached.output), [[1, '1\n2\n3\n4\n5\n']]);
  assert.equal((await daemon.send('GET', `/exec/${exec}/json`)).status, 404);
  assert.deepEqual(await run(id, [program, 'exit', '4']), [4, []]);
});
