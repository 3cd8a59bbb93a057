import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { pack } from 'tar-stream';

import { digester } from '../../../core/index.ts';
import { transfer_window_bytes } from '../../../limits/index.ts';
import { digestOf } from '../../../oci/index.ts';
import { packMessage, unpackMessage } from '../../../wire/index.ts';
import {
  transferImagestore,
  transferImportexport,
  transferProgress,
  transferRegistry,
  transferStreaming,
} from '../../../wire/services.ts';
import { type ClientStream, transferClient } from './testing.ts';

const { DataSchema, WindowUpdateSchema } = transferStreaming;
const { ImageStoreSchema } = transferImagestore;
const { ImageExportStreamSchema, ImageImportStreamSchema } = transferImportexport;
const { AuthRequestSchema, AuthResponseSchema, AuthType, OCIRegistrySchema } = transferRegistry;

const store = (name: string): ReturnType<typeof packMessage> => packMessage(ImageStoreSchema, { name });
const anyName = packMessage(ImageStoreSchema, {
  extraReferences: [{ name: 'import', isPrefix: true, allowOverwrite: true }],
});

/** An OCI layout with one image of one layer of random bytes. */
async function layout(layer_bytes: number): Promise<Buffer> {
  const blobs = new Map<string, Buffer>();
  const put = (mediaType: string, bytes: Buffer): object => {
    const digest = digestOf(bytes, digester);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  const layer = Buffer.alloc(layer_bytes, 'layer ');
  const type = 'application/vnd.oci.image';
  const rootfs = { type: 'layers', diff_ids: [digestOf(layer, digester)] };
  const manifest = {
    schemaVersion: 2,
    mediaType: `${type}.manifest.v1+json`,
    config: put(`${type}.config.v1+json`, json({ os: 'linux', architecture: 'amd64', rootfs })),
    layers: [put(`${type}.layer.v1.tar`, layer)],
  };
  const annotations = { 'io.containerd.image.name': 'example.com/app:1' };
  const entry = { ...put(`${type}.manifest.v1+json`, json(manifest)), annotations };
  const tar = pack();
  tar.entry({ name: 'oci-layout' }, '{"imageLayoutVersion":"1.0.0"}');
  tar.entry({ name: 'index.json' }, JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  for (const [digest, bytes] of blobs) tar.entry({ name: `blobs/sha256/${digest.slice(7)}` }, bytes);
  tar.finalize();
  return Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Buffer>));
}

/** Sends bytes as a client does that keeps to what it is let; gives the most that was under way. */
async function sendAll(stream: ClientStream, bytes: Buffer): Promise<number> {
  let credit = 0;
  let most = 0;
  for (let at = 0; at < bytes.length;) {
    while (credit === 0) {
      const message = await stream.receive();
      if (message === null) return most;
      credit += unpackMessage(message, WindowUpdateSchema).update;
      most = Math.max(most, credit);
    }
    const data = bytes.subarray(at, at + Math.min(credit, 32 * 1024));
    stream.send(packMessage(DataSchema, { data }));
    at += data.length;
    credit -= data.length;
  }
  stream.end();
  return most;
}

async function progressOf(stream: ClientStream): Promise<string[]> {
  const events: string[] = [];
  for (let message = await stream.receive(); message !== null; message = await stream.receive()) {
    events.push(unpackMessage(message, transferProgress.ProgressSchema).event);
  }
  return events;
}

test('an archive goes in by one stream and out by another, and progress is told', async (t) => {
  const client = await transferClient(t);
  const archive = await layout(300_000);
  const [data, progress] = [await client.stream('import'), await client.stream('progress')];
  const told = progressOf(progress);
  const sent = sendAll(data, archive);
  await client.transfer({
    source: packMessage(ImageImportStreamSchema, { stream: 'import' }),
    destination: anyName,
    options: { progressStream: 'progress' },
  });
  assert.deepEqual(await told, ['Importing', 'saved', 'Completed import']);
  assert.ok((await sent) <= transfer_window_bytes, 'no more than a window is under way');
  // The stream is over with the transfer.
  while ((await data.receive()) !== null);

  const out = await client.stream('export');
  const pieces: Uint8Array[] = [];
  const received = (async () => {
    let window = 0;
    for (;;) {
      if (window < 64 * 1024) {
        out.send(packMessage(WindowUpdateSchema, { update: 64 * 1024 }));
        window += 64 * 1024;
      }
      const message = await out.receive();
      if (message === null) return;
      const { data: piece } = unpackMessage(message, DataSchema);
      assert.ok(piece.length <= 32 * 1024);
      window -= piece.length;
      pieces.push(piece);
    }
  })();
  await client.transfer({
    source: store('example.com/app:1'),
    destination: packMessage(ImageExportStreamSchema, { stream: 'export' }),
  });
  await received;
  const [again, data2] = [Buffer.concat(pieces), await client.stream('import2', 'other')];
  void sendAll(data2, again);
  const source = packMessage(ImageImportStreamSchema, { stream: 'import2' });
  await client.transfer({ source, destination: anyName }, 'other');
  const [first, second] = ['test', 'other'].map((name) => client.core.namespace(name).images()[0]?.target.digest);
  assert.equal(first, second);
});

test('a name is one stream in each namespace, and free again when that is over', async (t) => {
  const client = await transferClient(t);
  const stream = await client.stream('one');
  await assert.rejects(client.stream('one'), { code: 2, details: 'already exists' });
  await client.stream('one', 'other');
  stream.cancel();
  for (let tries = 0; ; tries++) {
    try {
      await client.stream('one');
      return;
    } catch (error) {
      if (tries === 200) throw error;
      await sleep(10);
    }
  }
});

test('what cannot be transferred is said as containerd says it', async (t) => {
  const client = await transferClient(t);
  const refuse = async (code: number, details: string, source: unknown, destination: unknown): Promise<void> => {
    const request = { source, destination } as Parameters<typeof client.transfer>[0];
    await assert.rejects(client.transfer(request), { code, details });
  };
  const gone = packMessage(ImageImportStreamSchema, { stream: 'none' });
  await refuse(5, 'not found', gone, store('a'));
  await refuse(5, 'image "a": not found', store('a'), store('b'));
  await refuse(2, 'type with url : not found', undefined, store('b'));
  const registry = packMessage(OCIRegistrySchema, { reference: 'a/b:1' });
  const pair = `${OCIRegistrySchema.typeName} to ${OCIRegistrySchema.typeName}`;
  await refuse(12, `method Transfer not implemented for ${pair}`, registry, registry);
  await refuse(
    2,
    'failed to resolve image: object required',
    packMessage(OCIRegistrySchema, { reference: 'a/b' }),
    anyName,
  );
  await assert.rejects(client.transfer({ source: store('a'), destination: store('b') }, ''), { code: 9 });
});

test('a client that sends more than it was let is stopped', async (t) => {
  const client = await transferClient(t);
  const stream = await client.stream('flood');
  const archive = await layout(2 * transfer_window_bytes);
  stream.send(packMessage(DataSchema, { data: archive }));
  const source = packMessage(ImageImportStreamSchema, { stream: 'flood' });
  await assert.rejects(client.transfer({ source, destination: anyName }), { code: 8 });
  assert.deepEqual(client.core.namespace('test').images(), []);
});

test('a client that goes in the middle of an archive leaves nothing', async (t) => {
  const client = await transferClient(t);
  const stream = await client.stream('half');
  stream.send(packMessage(DataSchema, { data: (await layout(100_000)).subarray(0, 20_000) }));
  const source = packMessage(ImageImportStreamSchema, { stream: 'half' });
  const over = client.transfer({ source, destination: anyName });
  await stream.receive();
  stream.cancel();
  // As a stream that was given up, or as an archive that ends too early.
  await assert.rejects(over, ({ code }: { code?: number }) => code === 1 || code === 3);
  assert.deepEqual(client.core.namespace('test').images(), []);
});

test('an export to a client that takes nothing waits, and ends when it goes', async (t) => {
  const client = await transferClient(t);
  const data = await client.stream('in');
  void sendAll(data, await layout(200_000));
  await client.transfer({ source: packMessage(ImageImportStreamSchema, { stream: 'in' }), destination: anyName });
  const out = await client.stream('out');
  const destination = packMessage(ImageExportStreamSchema, { stream: 'out' });
  const over = client.transfer({ source: store('example.com/app:1'), destination });
  out.send(packMessage(WindowUpdateSchema, { update: 1000 }));
  const message = await out.receive();
  assert.equal(unpackMessage(message!, DataSchema).data.length <= 1000, true);
  out.cancel();
  await assert.rejects(over, { code: 1 });
});

test('credentials are asked for on a stream, for the host that wants them', async (t) => {
  const client = await transferClient(t);
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    if (request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
    } else response.writeHead(404).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const auth = await client.stream('auth');
  const asked = auth.receive().then((message) => {
    const response = { authType: AuthType.CREDENTIALS, username: 'joe', secret: 'secret' };
    auth.send(packMessage(AuthResponseSchema, response));
    return unpackMessage(message!, AuthRequestSchema);
  });
  const reference = `${host}/app:1`;
  const resolver = { authStream: 'auth', defaultScheme: 'http' };
  await assert.rejects(
    client.transfer({ source: packMessage(OCIRegistrySchema, { reference, resolver }), destination: store(reference) }),
    { code: 5, details: `failed to resolve image: ${reference}: not found` },
  );
  const request = await asked;
  assert.deepEqual([request.host, request.reference], [host, reference]);
  assert.deepEqual(seen, [undefined, `Basic ${Buffer.from('joe:secret').toString('base64')}`]);
});
