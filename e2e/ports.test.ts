/**
 * Published ports with the real `docker` CLI, `curl` and `wrk` against `examples/web`: where they are, who gets them,
 * and that they are free again whatever dies.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { checkout, type Daemon, startDaemon } from './daemon.ts';
import { imageArchive } from './image.ts';
import { endProcess, isAlive, waitUntil } from './processes.ts';

const example = join(checkout, 'examples/web');
const served = readFileSync(join(example, 'site/index.html'), 'utf8');
const patience_ms = 20_000;

let daemon: Daemon;

before(async () => {
  daemon = await startDaemon();
  const archive = await imageArchive({
    tag: 'web:latest',
    entrypoint: ['/web.wasm'],
    exposed: ['8080/tcp'],
    files: [
      { path: '/web.wasm', bytes: readFileSync(join(example, 'web.wasm')), mode: 0o755 },
      { path: '/srv/index.html', bytes: served },
      { path: '/srv/style.css', bytes: readFileSync(join(example, 'site/style.css')) },
    ],
  });
  await daemon.ok(['load'], { input: archive });
});
after(async () => await daemon.stop());

/** Runs a program; what it printed, whatever its exit code. */
function run(program: string, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: 120_000 }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 255), output: stdout + stderr }),
    );
  });
}

async function curl(...args: string[]): Promise<string> {
  return (await run('curl', ['--silent', '--show-error', '--max-time', '20', ...args])).output;
}

/** A port of all addresses that is free now. */
async function freePort(): Promise<number> {
  const { server, port } = await listen(0, '::');
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function listen(port: number, host: string): Promise<{ server: Server; port: number }> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => resolve({ server, port: (server.address() as { port: number }).port }));
  });
}

/** Whether anybody can have the port at all addresses. */
async function isFree(port: number): Promise<boolean> {
  try {
    const { server } = await listen(port, '::');
    await new Promise((resolve) => server.close(resolve));
    return true;
  } catch {
    return false;
  }
}

async function portOf(name: string, port = '8080'): Promise<number> {
  const [line = ''] = (await daemon.ok(['port', name, port])).split('\n');
  return Number(line.slice(line.lastIndexOf(':') + 1));
}

test('docker run -p answers curl, at IPv4 and IPv6, and says where', async () => {
  const port = await freePort();
  await daemon.ok(['run', '-d', '--name', 'web', '-p', `${port}:8080`, 'web']);
  assert.equal(await curl(`http://127.0.0.1:${port}/`), served);
  assert.equal(await curl(`http://[::1]:${port}/`), served);
  const expected = `0.0.0.0:${port}\n[::]:${port}\n`;
  assert.equal(await daemon.ok(['port', 'web', '8080']), expected);
  assert.equal(
    (await daemon.ok(['ps', '--format', '{{.Ports}}'])).trim(),
    `0.0.0.0:${port}->8080/tcp, [::]:${port}->8080/tcp`,
  );
  assert.equal(
    (await daemon.ok(['inspect', '-f', '{{json .NetworkSettings.Ports}}', 'web'])).trim(),
    `{"8080/tcp":[{"HostIp":"0.0.0.0","HostPort":"${port}"},{"HostIp":"::","HostPort":"${port}"}]}`,
  );
  assert.equal((await daemon.ok(['ps', '-q', '--filter', 'publish=8080'])).trim().length, 12);
  assert.equal(await daemon.ok(['ps', '-q', '--filter', 'publish=8081']), '');
  assert.equal(await daemon.ok(['logs', 'web']), 'serving /srv at port 8080\n');

  const taken = await daemon.docker(['run', '--name', 'second', '-p', `${port}:8080`, 'web']);
  assert.equal(taken.code, 125);
  assert.match(
    taken.stderr,
    new RegExp(
      'failed to set up container networking: driver failed programming external connectivity on endpoint second ' +
        `\\([0-9a-f]{64}\\): Bind for 0\\.0\\.0\\.0:${port} failed: port is already allocated`,
    ),
  );
  await daemon.ok(['rm', 'second']);
  await daemon.ok(['rm', '-f', 'web']);
  assert.ok(await isFree(port));
});

test('a port of somebody else is refused in Docker’s words', async () => {
  const { server, port } = await listen(0, '127.0.0.1');
  const taken = await daemon.docker(['run', '--rm', '-p', `127.0.0.1:${port}:8080`, 'web']);
  server.close();
  assert.equal(taken.code, 125);
  assert.match(
    taken.stderr,
    new RegExp(`failed to bind host port 127\\.0\\.0\\.1:${port}/tcp: address already in use`),
  );
});

test('random ports, ranges, addresses, and several for one port', async () => {
  await daemon.ok(['run', '-d', '--name', 'all', '-P', 'web']);
  const random = await portOf('all');
  assert.ok(random > 1024);
  assert.equal(await curl(`http://127.0.0.1:${random}/`), served);
  await daemon.ok(['restart', 'all']);
  assert.equal(await curl(`http://127.0.0.1:${await portOf('all')}/`), served, 'it has a port after a restart, too');

  const first = await freePort();
  const range = `${first}-${first + 20}`;
  await daemon.ok(['run', '-d', '--name', 'first', '-p', `127.0.0.1:${range}:8080`, 'web']);
  await daemon.ok(['run', '-d', '--name', 'next', '-p', `127.0.0.1:${range}:8080`, 'web']);
  const [of_a, of_b] = [await portOf('first'), await portOf('next')];
  assert.ok(of_a >= first && of_b > of_a && of_b <= first + 20);
  assert.equal(await curl(`http://127.0.0.1:${of_b}/`), served);
  assert.match(await curl(`http://[::1]:${of_b}/`), /Failed to connect|Couldn't connect|Could not connect/i);

  await daemon.ok(['run', '-d', '--name', 'many', '-p', '127.0.0.1::8080', '-p', '[::1]::8080', '-p', '9090', 'web']);
  const [v4 = '', v6 = ''] = (await daemon.ok(['port', 'many', '8080'])).trim().split('\n');
  for (const address of [v4, v6]) assert.equal(await curl(`http://${address}/`), served, address);
  assert.equal(await curl(`http://127.0.0.1:${await portOf('many', '9090')}/style.css`, '-o', '/dev/null'), '');
  assert.equal(await daemon.ok(['logs', 'many']), 'serving /srv at port 8080:9090\n');
  await daemon.ok(['rm', '-f', 'all', 'first', 'next', 'many']);
});

test('the form of the example takes what it is sent', async () => {
  await daemon.ok(['run', '-d', '--name', 'form', '-p', '127.0.0.1::8080', 'web', '-l']);
  const url = `http://127.0.0.1:${await portOf('form')}/guestbook`;
  assert.equal(await curl('-o', '/dev/null', '-w', '%{http_code}', '-d', 'name=Ada&text=<b>1+1</b>', url), '303');
  assert.match(await curl(url), /<b>Ada<\/b> &lt;b&gt;1 1&lt;\/b&gt;/);
  assert.match(await daemon.ok(['logs', 'form']), /^POST \/guestbook 303 0$/m);
  await daemon.ok(['rm', '-f', 'form']);
});

test('ten thousand requests over sixteen connections, none of which fails', async () => {
  await daemon.ok(['run', '-d', '--name', 'busy', '-p', '127.0.0.1::8080', 'web']);
  const url = `http://127.0.0.1:${await portOf('busy')}/`;
  let requests = 0;
  for (let round = 0; requests < 10_000 && round < 30; round++) {
    const { code, output } = await run('wrk', ['-t', '1', '-c', '16', '-d', '3s', '--latency', url]);
    assert.equal(code, 0, output);
    assert.doesNotMatch(output, /Socket errors|Non-2xx/);
    requests += Number(/(\d+) requests in/.exec(output)?.[1] ?? 0);
    if (round === 0)
      console.log(
        output
          .split('\n')
          .filter((line) => /Requests\/sec|50%|99%/.test(line))
          .join('\n'),
      );
  }
  console.log(`${requests} requests`);
  assert.ok(requests >= 10_000);
  assert.equal(await curl(url), served);
  await daemon.ok(['rm', '-f', 'busy']);
});

test('it serves on while the daemon is killed, and one that starts again knows its ports', async () => {
  await daemon.ok(['run', '-d', '--name', 'stays', '-p', '8080', 'web']);
  const ports = await daemon.ok(['port', 'stays']);
  const port = await portOf('stays');
  const open = connect(port, '127.0.0.1');
  await new Promise((resolve) => open.once('connect', resolve));
  await daemon.kill();
  assert.equal(await curl(`http://127.0.0.1:${port}/`), served);
  await daemon.start();
  assert.equal(await daemon.ok(['port', 'stays']), ports);
  const answered = new Promise<string>((resolve) => open.once('data', (data: Buffer) => resolve(data.toString())));
  open.write('GET / HTTP/1.1\r\n\r\n');
  assert.match(await answered, /^HTTP\/1\.1 200 OK/);
  open.destroy();
  await daemon.ok(['rm', '-f', 'stays']);
  assert.ok(await isFree(port));
});

test('a port is free again when the guest ends, is killed, or its shim is', async () => {
  const port = await freePort();
  const start = (name: string): Promise<string> =>
    daemon.ok(['run', '-d', '--name', name, '-p', `${port}:8080`, 'web']);
  await start('killed');
  await daemon.ok(['kill', 'killed']);
  await daemon.ok(['wait', 'killed']);
  await start('stopped');
  await daemon.ok(['stop', '-t', '0', 'stopped']);
  // This one ends by itself: it does not know the option.
  assert.equal((await daemon.docker(['run', '--name', 'ends', '-p', `${port}:8080`, 'web', '-x'])).code, 2);
  await start('process');
  endProcess(Number(await daemon.ok(['inspect', '-f', '{{.State.Pid}}', 'process'])));
  await daemon.ok(['wait', 'process']);
  assert.equal(await daemon.ok(['port', 'process']), '');
  await start('shim');
  const shims = daemon.shims();
  for (const { pid } of shims) endProcess(pid);
  await waitUntil('the shims are gone', patience_ms, () => shims.every(({ pid }) => !isAlive(pid)));
  await daemon.ok(['wait', 'shim']);
  await waitUntil('the port is free', patience_ms, () => isFree(port));
  await start('last');
  assert.equal(await curl(`http://127.0.0.1:${port}/`), served);
  await daemon.ok(['rm', '-f', 'killed', 'stopped', 'ends', 'process', 'shim', 'last']);
});

test('a container that its policy starts again has its port again, whatever ended it', async () => {
  const port = await freePort();
  await daemon.ok(['run', '-d', '--name', 'again', '--restart', 'always', '-p', `${port}:8080`, 'web']);
  const pid = async (): Promise<number> => Number(await daemon.ok(['inspect', '-f', '{{.State.Pid}}', 'again']));
  for (const victim of ['guest', 'shim', 'guest', 'shim']) {
    const last = await pid();
    if (victim === 'guest') endProcess(last);
    else for (const shim of daemon.shims()) endProcess(shim.pid);
    await waitUntil(`it runs again after the death of its ${victim}`, patience_ms, async () => {
      const now = await pid();
      return now !== 0 && now !== last;
    });
    assert.equal(await curl(`http://127.0.0.1:${port}/`), served);
  }
  await daemon.ok(['rm', '-f', 'again']);
  assert.ok(await isFree(port));
});

test('more connections than the server takes at once wait for their turn', async () => {
  await daemon.ok(['run', '-d', '--name', 'crowd', '-p', '127.0.0.1::8080', 'web']);
  const port = await portOf('crowd');
  const answers = await Promise.all(
    Array.from(
      { length: 700 },
      () =>
        new Promise<string>((resolve, reject) => {
          const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
          let text = '';
          socket.on('data', (data: Buffer) => (text += data.toString()));
          socket.once('error', reject).once('close', () => resolve(text.slice(0, 15)));
        }),
    ),
  );
  assert.deepEqual([...new Set(answers)], ['HTTP/1.1 200 OK']);
  await daemon.ok(['rm', '-f', 'crowd']);
});

test('UDP is refused in words', async () => {
  const { code, stderr } = await daemon.docker(['run', '--rm', '-p', '53:53/udp', 'web']);
  assert.equal(code, 125);
  assert.match(stderr, /cannot publish 53\/udp: of published ports only TCP is there yet in Wherry/);
});
