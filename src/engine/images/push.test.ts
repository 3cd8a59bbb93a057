import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';

import { parsePlatform, type Platform } from '../../oci/index.ts';
import type { Images } from './images.ts';
import type { Progress } from './progress.ts';
import { layoutOf, load, sha256, testImage, testImages } from './testing.ts';

/** A registry that takes everything. */
interface TakingRegistry {
  readonly host: string;
  /** `PATH` of manifests and blobs. */
  readonly taken: Map<string, Buffer>;
  /** The status of every answer, when there is one. */
  refuse: number | null;
}

async function takingRegistry(t: TestContext): Promise<TakingRegistry> {
  const taken = new Map<string, Buffer>();
  const registry: TakingRegistry = { host: '', taken, refuse: null };
  const read = async (request: IncomingMessage): Promise<Buffer> =>
    Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>));
  const server = createServer((request, response) => {
    void (async () => {
      const url = new URL(request.url ?? '/', 'http://registry');
      const body = await read(request);
      if (registry.refuse !== null) {
        const challenge = registry.refuse === 401 ? { 'www-authenticate': 'Basic realm="r"' } : {};
        response.writeHead(registry.refuse, challenge).end();
      } else if (request.method === 'POST') {
        response.writeHead(202, { location: `${url.pathname}1` }).end();
      } else if (request.method === 'PUT') {
        const digest = url.searchParams.get('digest');
        const path = digest === null ? url.pathname : url.pathname.replace(/uploads\/1$/, digest);
        taken.set(path, body);
        response.writeHead(201, { 'docker-content-digest': sha256(body) }).end();
      } else {
        const bytes = taken.get(url.pathname);
        const headers = bytes === undefined ? {} : { 'docker-content-digest': sha256(bytes) };
        response.writeHead(bytes === undefined ? 404 : 200, headers).end();
      }
    })();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(registry, { host: `127.0.0.1:${(server.address() as AddressInfo).port}` });
}

async function push(images: Images, image: string, tag: string, platform: Platform | null = null): Promise<Progress[]> {
  const said: Progress[] = [];
  await images.push({ image, tag, platform, login: null, report: (progress) => said.push(progress) });
  return said;
}

test('an image is pushed layer by layer, told as Docker tells it', async (t) => {
  const { images, events } = await testImages(t);
  const registry = await takingRegistry(t);
  const image = await testImage();
  await load(images, await layoutOf([{ image, name: `${registry.host}/team/app:1` }]));
  const said = await push(images, `${registry.host}/team/app`, '1');
  const id = image.layer.digest.slice(7, 19);
  const { digest, size } = image.manifest;
  assert.deepEqual(
    said.filter(({ status }) => status !== 'Waiting' && status !== 'Pushing'),
    [
      { status: `The push refers to repository [${registry.host}/team/app]` },
      { status: 'Pushed', progressDetail: {}, id },
      { status: `1: digest: ${digest} size: ${size}` },
    ],
  );
  for (const [name, bytes] of image.blobs) {
    const path = name === digest ? 'manifests/1' : `blobs/${name}`;
    assert.deepEqual(registry.taken.get(`/v2/team/app/${path}`), Buffer.from(bytes));
  }
  assert.deepEqual(events.at(-1), {
    Type: 'image',
    Action: 'push',
    Actor: { ID: `${registry.host}/team/app:1`, Attributes: { name: `${registry.host}/team/app` } },
  });
  const again = await push(images, `${registry.host}/team/app`, '1');
  assert.deepEqual(again[1], { status: 'Layer already exists', progressDetail: {}, id });
});

test('without a tag the whole repository is pushed', async (t) => {
  const { images } = await testImages(t);
  const registry = await takingRegistry(t);
  const image = await testImage();
  const names = ['a', 'b'].map((tag) => ({ image, name: `${registry.host}/app:${tag}` }));
  await load(images, await layoutOf(names));
  const said = await push(images, `${registry.host}/app`, '');
  const digests = said.flatMap(({ status = '' }) => /^(\w+): digest/.exec(status)?.[1] ?? []);
  assert.deepEqual(digests, ['a', 'b']);
});

test('what cannot be pushed is said in Docker words', async (t) => {
  const { images } = await testImages(t);
  const registry = await takingRegistry(t);
  const name = `${registry.host}/app`;
  await load(images, await layoutOf([{ image: await testImage(), name: `${name}:1` }]));
  await assert.rejects(push(images, name, '2'), { class: 'NotFound', message: `tag does not exist: ${name}:2` });
  await assert.rejects(push(images, `${registry.host}/other`, ''), {
    message: `An image does not exist locally with the tag: ${registry.host}/other`,
  });
  await assert.rejects(push(images, name, '1', parsePlatform('linux/s390x')), {
    message: `image with reference ${name}:1 was found but does not provide the specified platform (linux/s390x)`,
  });
  registry.refuse = 401;
  await assert.rejects(push(images, name, '1'), {
    message:
      'push access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials',
  });
  registry.refuse = 500;
  await assert.rejects(push(images, name, '1'), /^WherryError: unknown: unexpected status from HEAD request to http:/);
});

test('what is saved can be loaded, under its names', async (t) => {
  const { images, events } = await testImages(t);
  const image = await testImage();
  await load(
    images,
    await layoutOf([
      { image, name: 'app:1' },
      { image, name: 'app:2' },
    ]),
  );
  const saved = async (...queries: string[]): Promise<Buffer> =>
    Buffer.concat(await Array.fromAsync(await images.save(queries, [])));
  const other = (await testImages(t)).images;
  assert.deepEqual(await load(other, await saved('app')), [
    { stream: 'Loaded image: app:1\n' },
    { stream: 'Loaded image: app:2\n' },
  ]);
  const { digest } = image.manifest;
  assert.deepEqual(events.at(-1), {
    Type: 'image',
    Action: 'save',
    Actor: { ID: digest, Attributes: { name: digest } },
  });
  const third = (await testImages(t)).images;
  assert.deepEqual(await load(third, await saved(digest)), [{ stream: `Loaded image ID: ${digest}\n` }]);
  await assert.rejects(saved('app', 'nothing'), { class: 'NotFound', message: 'No such image: nothing:latest' });
  await assert.rejects(images.save(['app:1'], [parsePlatform('linux/s390x')]), {
    message:
      'no suitable export target found: image with reference app:1 was found but does not provide the specified platform (linux/s390x)',
  });
});
