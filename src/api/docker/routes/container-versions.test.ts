import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, afterEach, test } from 'node:test';

import { TestDaemon } from '../daemon-for-tests.ts';

const daemon = await TestDaemon.start({ after });
for (const name of ['hello', 'clock']) await daemon.load(name);
afterEach(() => daemon.empty());

/** The head of the answer to a request that may be answered for long, and what has come of it when `until` has. */
function begin(request: string, until: string): Promise<string> {
  const socket = connect(daemon.socket);
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
      if (!text.includes(until)) return;
      socket.destroy();
      resolve(text);
    });
    socket.on('error', reject);
    socket.write(`${request} HTTP/1.1\r\nHost: d\r\n\r\n`);
  });
}

test('wait: a condition and headers at once since 1.30', async () => {
  const id = await daemon.create('one', { Image: 'clock' });
  await daemon.send('POST', `/containers/${id}/start`);
  const head = await begin(`POST /v1.30/containers/${id}/wait?condition=next-exit`, '\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 200 OK\r\n/);
  assert.deepEqual(
    (await daemon.send('POST', `/v1.30/containers/${id}/wait?condition=x`)).message,
    'invalid condition: "x"',
  );
  const old = daemon.send('POST', `/v1.29/containers/${id}/wait?condition=x`);
  await daemon.send('POST', `/containers/${id}/kill`);
  assert.deepEqual((await old).json, { StatusCode: 137 });
});

test('attach and logs: the multiplexed type has a name since 1.42', async () => {
  const plain = await daemon.create('one', { Image: 'hello' });
  const terminal = await daemon.create('two', { Image: 'hello', Tty: true });
  await daemon.send('POST', `/containers/${plain}/start`);
  await daemon.send('POST', `/containers/${plain}/wait`);
  for (const [version, id, type] of [
    ['1.41', plain, 'raw'],
    ['1.42', plain, 'multiplexed'],
    ['1.42', terminal, 'raw'],
  ] as const) {
    const wanted = new RegExp(`Content-Type: application/vnd\\.docker\\.${type}-stream\r\n`);
    assert.match(await begin(`POST /v${version}/containers/${id}/attach?stream=1&stdout=1`, '\r\n\r\n'), wanted);
    assert.match(await begin(`GET /v${version}/containers/${id}/logs?stdout=1`, '\r\n\r\n'), wanted);
  }
});

test('attach?logs=1 begins with what was written before', async () => {
  const id = await daemon.create('one', { Image: 'hello' });
  await daemon.send('POST', `/containers/${id}/start`);
  await daemon.send('POST', `/containers/${id}/wait`);
  const request = `POST /v1.50/containers/${id}/attach?logs=1&stdout=1`;
  assert.match(await begin(request, 'WebAssembly!'), /Hello from WebAssembly!/);
});

test('stop: a signal of the request’s own since 1.42', async () => {
  const id = await daemon.create('one', { Image: 'clock' });
  for (const [version, code] of [
    ['1.41', 143],
    ['1.42', 130],
  ] as const) {
    await daemon.send('POST', `/containers/${id}/start`);
    await daemon.send('POST', `/v${version}/containers/${id}/stop?signal=INT`);
    assert.deepEqual((await daemon.send('POST', `/containers/${id}/wait`)).json, { StatusCode: code });
  }
});

test('events: their form is that of the version, and what is accepted', async () => {
  const since = Date.now() / 1000;
  await daemon.create('one', { Image: 'hello' });
  const events = async (version: string, accept = ''): Promise<{ type: string; line: string }> => {
    const query = `since=${since}&until=${Date.now() / 1000 + 0.01}&filters=${encodeURIComponent('{"type":["container"]}')}`;
    const request = `GET /v${version}/events?${query} HTTP/1.1\r\nAccept: ${accept}\r\nConnection: close\r\nX:`;
    const text = await begin(request, '"timeNano"');
    return { type: /Content-Type: (.*)\r\n/.exec(text)![1]!, line: /^.?\{"(?:status|Type).*\}$/m.exec(text)![0] };
  };
  const old = await events('1.51');
  assert.equal(old.type, 'application/json');
  const { status, from, Type, Action, scope } = JSON.parse(old.line) as Record<string, unknown>;
  assert.deepEqual([status, from, Type, Action, scope], ['create', 'hello', 'container', 'create', 'local']);
  const now = await events('1.52');
  assert.equal(now.type, 'application/jsonl');
  assert.equal('status' in (JSON.parse(now.line) as object), false);
  assert.equal((await events('1.52', 'application/x-ndjson')).type, 'application/x-ndjson');
  assert.equal((await events('1.52', 'application/json-seq')).line[0], '\x1e');
  const wrong = await daemon.send('GET', '/events?since=20&until=10');
  assert.equal(wrong.message, '`since` time (20) cannot be after `until` time (10)');
  assert.equal(
    (await daemon.send('GET', '/events?since=x')).message,
    `invalid value for 'since': invalid timestamp "x": invalid seconds "x": invalid syntax`,
  );
});

test('logs as JSON since 1.54', async () => {
  const id = await daemon.create('one', { Image: 'hello' });
  await daemon.send('POST', `/containers/${id}/start`);
  await daemon.send('POST', `/containers/${id}/wait`);
  const { json } = await daemon.send('GET', `/v1.54/containers/${id}/logs?stdout=1&format=json`);
  const { Line, Source } = json as Record<string, unknown>;
  assert.deepEqual([Line, Source], ['Hello from WebAssembly!', 'stdout']);
  const framed = await daemon.send('GET', `/v1.53/containers/${id}/logs?stdout=1&format=json`);
  assert.equal(framed.json, undefined);
});
