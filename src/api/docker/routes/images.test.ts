import assert from 'node:assert/strict';
import { test } from 'node:test';

import { testApi } from '../testing.ts';

const module = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

test('a module that is posted is an image in the words of each version', async (t) => {
  const api = await testApi(t);
  const loaded = await api.send('POST', '/v1.51/images/load?quiet=1&tag=hello:1&name=hello.wasm', module);
  assert.equal(loaded.status, 200);
  assert.equal(loaded.text, '{"stream":"Loaded image: hello:1\\n"}\r\n');

  const [image] = (await api.send('GET', '/v1.55/images/json')).json as [Record<string, unknown>];
  const id = String(image['Id']);
  assert.deepEqual(image['RepoTags'], ['hello:1']);
  assert.deepEqual(image['RepoDigests'], [`hello@${id}`]);
  assert.equal(image['Containers'], 0);
  assert.ok('Descriptor' in image && !('VirtualSize' in image));
  const [older] = (await api.send('GET', '/v1.43/images/json')).json as [Record<string, unknown>];
  assert.equal(older['Containers'], -1);
  assert.equal(older['VirtualSize'], older['Size']);
  assert.ok(!('Descriptor' in older));

  const inspected = (await api.send('GET', '/v1.55/images/hello:1/json')).json as Record<string, unknown>;
  assert.deepEqual(inspected['Config'], { Entrypoint: ['/module.wasm'] });
  assert.equal(inspected['Os'], 'wasi');
  assert.equal(inspected['Architecture'], 'wasm');
  const old = (await api.send('GET', '/v1.24/images/hello:1/json')).json as Record<string, Record<string, unknown>>;
  assert.equal(old['Config']?.['Hostname'], '');
  assert.equal(old['Config']['Cmd'], null);
  assert.ok('GraphDriver' in old && 'Parent' in old && 'ContainerConfig' in old);
  assert.equal(old['Created'], '0001-01-01T00:00:00Z');

  const history = (await api.send('GET', '/v1.55/images/hello:1/history')).json;
  assert.deepEqual(history, [
    { Id: id, Created: 0, CreatedBy: 'wherry load', Tags: ['hello:1'], Size: module.length, Comment: '' },
  ]);
});

test('names with slashes are tagged, found and removed', async (t) => {
  const api = await testApi(t);
  await api.send('POST', '/images/load?tag=hello:1', module);
  assert.equal((await api.send('POST', '/images/hello:1/tag?repo=example.org/a/b&tag=2')).status, 201);
  assert.equal((await api.send('GET', '/images/example.org/a/b:2/json')).status, 200);
  const removed = await api.send('DELETE', '/images/example.org/a/b:2');
  assert.deepEqual(removed.json, [{ Untagged: 'example.org/a/b:2' }]);
  const missing = await api.send('GET', '/images/example.org/a/b:2/json');
  assert.deepEqual([missing.status, missing.json], [404, { message: 'No such image: example.org/a/b:2' }]);
  const last = await api.send('DELETE', '/images/hello:1');
  assert.match(last.text, /^\[\{"Untagged":"hello:1"\},\{"Deleted":"sha256:[0-9a-f]{64}"\}\]/);
  assert.deepEqual((await api.send('POST', '/images/prune')).json, { ImagesDeleted: null, SpaceReclaimed: 0 });
});

test('an image without a name is told of as each version does', async (t) => {
  const api = await testApi(t);
  await api.send('POST', '/images/load', module);
  const [image] = (await api.send('GET', '/v1.43/images/json')).json as [Record<string, unknown>];
  assert.deepEqual([image['RepoTags'], image['RepoDigests']], [[], []]);
  const [older] = (await api.send('GET', '/v1.42/images/json')).json as [Record<string, unknown>];
  assert.deepEqual([older['RepoTags'], older['RepoDigests']], [['<none>:<none>'], ['<none>@<none>']]);
});

test('what cannot be is answered with the status and text of Docker', async (t) => {
  const api = await testApi(t);
  await api.send('POST', '/images/load?tag=hello:1', module);
  const cases: readonly [string, string, number, RegExp | string][] = [
    ['POST', '/images/load', 400, /^cannot load the archive/],
    ['GET', '/images/json?filters=x', 400, 'invalid filter'],
    ['GET', '/images/json?filters={"bogus":["1"]}', 400, "invalid filter 'bogus'"],
    ['GET', '/images/json?identity=1', 400, 'conflicting options: identity requires manifests=1'],
    [
      'GET',
      '/images/hello:1/json?manifests=1&platform={"os":"wasi","architecture":"wasm"}',
      400,
      'conflicting options: manifests and platform options cannot both be set',
    ],
    [
      'GET',
      '/images/hello:1/json?platform={"os":"linux","architecture":"amd64"}',
      404,
      'image with reference hello:1 was found but does not provide the specified platform (linux/amd64)',
    ],
    ['GET', '/images/hello:1/json?platform={"os":"linux"}', 400, 'both OS and Architecture must be provided'],
    ['GET', '/images/hello:1/json?platform={', 400, /^failed to parse platform: /],
    [
      'POST',
      '/images/hello:1/tag?repo=Hello',
      400,
      'invalid reference format: repository name (library/Hello) must be lowercase',
    ],
    ['POST', '/images/create?fromSrc=-', 501, /docker import\) is not implemented$/],
    ['POST', '/images/create?fromImage=scratch', 403, "'scratch' is a reserved name"],
    ['POST', '/images/create?fromImage=a//b', 400, 'invalid reference format'],
    ['DELETE', '/images/hello:1?platforms={}', 400, /^Content will be removed from all images/],
    [
      'POST',
      '/v1.51/images/load?platform=wasi/wasm&platform=linux/amd64',
      400,
      /^multiple platform parameters are not supported/,
    ],
  ];
  for (const [method, path, status, text] of cases) {
    const answer = await api.send(
      method,
      path,
      path === '/images/load' ? Buffer.alloc(3_000_000, 'no tar ') : undefined,
    );
    const { message = '' } = (answer.json ?? {}) as { message?: string };
    assert.equal(answer.status, status, `${path}: ${message}`);
    if (typeof text === 'string') assert.equal(message, text);
    else assert.match(message, text);
  }
});
