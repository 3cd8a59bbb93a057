import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import * as http from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { WherryError } from '../../errors/index.ts';
import { close, read, write } from '../../os/index.ts';
import type { Route } from './route.ts';
import { DockerApi } from './server.ts';

async function serve(t: TestContext, routes: readonly Route[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-api-'));
  const api = new DockerApi({ version: '9', routes, onFault: (error) => assert.fail(String(error)) });
  const path = join(folder, 's');
  await new Promise<void>((resolve) => api.server().listen(path, resolve));
  t.after(async () => {
    await api.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return path;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

function call(
  socketPath: string,
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = http.request({ socketPath, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const echo: Route = {
  method: 'POST',
  pattern: '/echo/{name:.*}/json',
  min_version: '1.30',
  handler: async (request, reply) => reply.json(201, { name: request.params['name'], got: await request.json() }),
};

test('an answer has the headers by which clients know a daemon', async (t) => {
  const path = await serve(t, [echo]);
  const { status, headers, body } = await call(path, 'POST', '/v1.40/echo/a/b:c/json', '{"x":1}', {
    'Content-Type': 'application/json; charset=utf-8',
  });
  assert.equal(status, 201);
  assert.deepEqual(JSON.parse(body), { name: 'a/b:c', got: { x: 1 } });
  assert.equal(headers['api-version'], '1.55');
  assert.equal(headers['ostype'], 'linux');
  assert.equal(headers['docker-experimental'], 'false');
  assert.equal(headers['server'], 'Wherry/9 (linux)');
});

test('errors and versions that are not spoken have Docker’s texts', async (t) => {
  const fails: Route = {
    method: 'GET',
    pattern: '/fails',
    handler: () => {
      throw new WherryError('Conflict', 'taken');
    },
  };
  const path = await serve(t, [echo, fails]);
  const json = { 'Content-Type': 'application/json' };
  for (const [method, url, body, headers, status, message] of [
    ['GET', '/v1.40/nothing', undefined, {}, 404, 'page not found'],
    ['GET', '/v1.40/echo/a/json', undefined, {}, 404, 'page not found'],
    ['GET', '/fails', undefined, {}, 409, 'taken'],
    ['POST', '/v1.29/echo/a/json', '{}', json, 400, 'POST /echo/{name:.*}/json requires minimum API version 1.30'],
    [
      'GET',
      '/v1.23/fails',
      undefined,
      {},
      400,
      'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
    ],
    [
      'GET',
      '/v1.56/fails',
      undefined,
      {},
      400,
      'client version 1.56 is too new. Maximum supported API version is 1.55',
    ],
    ['POST', '/echo/a/json', '', json, 400, 'invalid JSON: got EOF while reading request body'],
    ['POST', '/echo/a/json', '{} x', json, 400, 'unexpected content after JSON'],
    [
      'POST',
      '/echo/a/json',
      '{}',
      { 'Content-Type': 'text/plain' },
      400,
      "unsupported Content-Type header (text/plain): must be 'application/json'",
    ],
  ] as const) {
    const answer = await call(path, method, url, body, headers);
    assert.equal(answer.status, status, url);
    const said = url.startsWith('/v1.23')
      ? answer.body.trim()
      : (JSON.parse(answer.body) as { message: string }).message;
    assert.equal(said, message, url);
  }
});

test('an error after the first object of a progress stream is its last', async (t) => {
  const path = await serve(t, [
    {
      method: 'POST',
      pattern: '/late',
      handler: (_request, reply) =>
        reply.progress(async (report) => {
          report({ status: 'begun' });
          throw new WherryError('NotFound', 'gone');
        }),
    },
    {
      method: 'POST',
      pattern: '/early',
      handler: (_request, reply) => reply.progress(() => Promise.reject(new WherryError('NotFound', 'gone'))),
    },
  ]);
  const late = await call(path, 'POST', '/late');
  assert.equal(late.status, 200);
  assert.equal(late.body, '{"status":"begun"}\r\n{"errorDetail":{"code":404,"message":"gone"},"error":"gone"}\r\n');
  assert.equal((await call(path, 'POST', '/early')).status, 404);
});

/** Talks over the descriptor it was handed, as a shim does. */
const attach: Route = {
  method: 'POST',
  pattern: '/attach',
  hijacks: true,
  handler: async (request, reply) => {
    if (request.query.has('missing')) throw new WherryError('NotFound', 'No such container: x');
    const { fd, head } = (await reply.hijack('application/vnd.docker.raw-stream')).release();
    write(fd, Buffer.from(`[${head.toString()}]`));
    const buffer = Buffer.alloc(100);
    const waitForInput = (): void => {
      let bytes = -1;
      try {
        bytes = read(fd, buffer);
      } catch {
        setTimeout(waitForInput, 5);
        return;
      }
      write(fd, Buffer.concat([Buffer.from('<'), buffer.subarray(0, bytes), Buffer.from('>')]));
      close(fd);
    };
    waitForInput();
  },
};

function converse(socket: Socket, first: string, until: string, then: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      const before = text.includes(until);
      text += chunk;
      if (!before && text.includes(until)) socket.write(then);
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
    socket.write(first);
  });
}

test('a taken over connection loses no byte, with an upgrade and without', async (t) => {
  const path = await serve(t, [attach]);
  const upgraded = await converse(
    connect(path),
    'POST /v1.44/attach HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\nearly',
    ']',
    'later',
  );
  assert.match(upgraded, /^HTTP\/1\.1 101 UPGRADED\r\n/);
  assert.ok(upgraded.endsWith('\r\n\r\n[early]<later>'), upgraded);
  const plain = await converse(connect(path), 'POST /attach HTTP/1.1\r\nHost: d\r\n\r\nGET / early', ']', 'later');
  assert.match(plain, /^HTTP\/1\.1 200 OK\r\n/);
  assert.ok(plain.endsWith('\r\n\r\n[GET / early]<later>'), plain);
});

test('an error before the connection is taken over is an ordinary answer', async (t) => {
  const path = await serve(t, [attach]);
  const { status, body } = await call(path, 'POST', '/attach?missing', undefined, {
    Connection: 'Upgrade',
    Upgrade: 'tcp',
  });
  assert.equal(status, 404);
  assert.deepEqual(JSON.parse(body), { message: 'No such container: x' });
});

test('another protocol asked for where none is spoken changes nothing', async (t) => {
  const path = await serve(t, [echo]);
  const headers = { 'Content-Type': 'application/json', Connection: 'Upgrade', Upgrade: 'h2c' };
  assert.equal((await call(path, 'POST', '/echo/a/json', '{}', headers)).status, 201);
});
