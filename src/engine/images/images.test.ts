import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseFilters } from '../filters.ts';
import { layoutOf, load, testImage, testImages, type TestImage } from './testing.ts';
import type { Images } from './images.ts';

async function loadAs(images: Images, image: TestImage, ...names: readonly string[]): Promise<void> {
  await load(images, await layoutOf(names.map((name) => ({ image, name: `docker.io/library/${name}` }))));
}

const container = { id: 'c'.repeat(64), running: false };

test('an image is found by name, id, digest and the start of its id', async (t) => {
  const { images } = await testImages(t);
  const image = await testImage();
  await loadAs(images, image, 'hello:1');
  const id = image.manifest.digest;
  for (const query of [
    'hello:1',
    'docker.io/library/hello:1',
    id,
    id.slice(7),
    id.slice(7, 19),
    id.slice(0, 15),
    `hello@${id}`,
  ]) {
    assert.equal((await images.find(query, null)).id, id, query);
  }
  await assert.rejects(images.find('hello', null), { class: 'NotFound', message: 'No such image: hello:latest' });
  await assert.rejects(images.find(`other@${id}`, null), { class: 'NotFound' });
  await assert.rejects(images.find('Hello', null), {
    message: 'invalid reference format: repository name (library/Hello) must be lowercase',
  });
  await assert.rejects(images.find('hello:1', { os: 'linux', architecture: 'amd64' }), {
    class: 'NotFound',
    message: 'image with reference hello:1 was found but does not provide the specified platform (linux/amd64)',
  });
});

test('tag gives one more name to the same image', async (t) => {
  const { images, events } = await testImages(t);
  const image = await testImage();
  await loadAs(images, image, 'hello:1');
  await images.tag('hello:1', 'registry.example:5000/x/y', '');
  const [listed] = await images.list(new Map());
  assert.deepEqual(listed?.tags, ['hello:1', 'registry.example:5000/x/y:latest']);
  assert.deepEqual(listed.digests, [`hello@${listed.id}`, `registry.example:5000/x/y@${listed.id}`]);
  assert.deepEqual(events.at(-1), {
    Type: 'image',
    Action: 'tag',
    Actor: { ID: image.manifest.digest, Attributes: { name: 'registry.example:5000/x/y:latest' } },
  });
  await assert.rejects(images.tag('hello:1', 'sha256', 'x'), {
    class: 'InvalidArgument',
    message: /^refusing to create an ambiguous tag/,
  });
  await assert.rejects(images.tag('nothing', 'x', ''), { message: 'No such image: nothing:latest' });
});

test('list filters by name, label, time and having no name', async (t) => {
  const { images } = await testImages(t);
  await loadAs(images, await testImage({ created: '2024-01-01T00:00:00Z', labels: { a: '1' } }), 'old:1');
  await images.tag('old:1', 'example.org/x/old', '1');
  await loadAs(images, await testImage({ created: '2025-01-01T00:00:00Z' }), 'new:1');
  await load(images, await layoutOf([{ image: await testImage({ created: '2026-01-01T00:00:00Z' }) }]));
  const tags = async (filters: string): Promise<string> =>
    (await images.list(parseFilters(filters))).map((image) => image.tags.join('+') || '<none>').join(' ');
  assert.equal(await tags(''), '<none> new:1 old:1+example.org/x/old:1');
  assert.equal(await tags('{"reference":["old"]}'), 'old:1');
  assert.equal(await tags('{"reference":["*/*/old:*"]}'), 'example.org/x/old:1');
  assert.equal(await tags('{"label":["a=1"]}'), 'old:1+example.org/x/old:1');
  assert.equal(await tags('{"dangling":["true"]}'), '<none>');
  assert.equal(await tags('{"dangling":["false"],"before":["new:1"]}'), 'old:1+example.org/x/old:1');
  assert.equal(await tags('{"since":["new:1"]}'), '<none>');
  assert.equal(await tags('{"until":["2025-06-01"]}'), 'new:1 old:1+example.org/x/old:1');
  await assert.rejects(images.list(parseFilters('{"bogus":["1"]}')), { message: "invalid filter 'bogus'" });
  await assert.rejects(images.list(parseFilters('{"since":["nothing"]}')), {
    message: 'No such image: nothing:latest',
  });
});

test('removal by name takes the name, and the image with the last one', async (t) => {
  const { core, images, events } = await testImages(t);
  const image = await testImage();
  await loadAs(images, image, 'hello:1', 'hello:2');
  events.length = 0;
  assert.deepEqual(await images.remove('hello:1', { force: false }), [{ Untagged: 'hello:1' }]);
  assert.deepEqual(await images.remove('hello:2', { force: false }), [
    { Untagged: 'hello:2' },
    { Deleted: image.manifest.digest },
  ]);
  assert.deepEqual(
    events.map(({ Action }) => Action),
    ['untag', 'untag', 'delete'],
  );
  assert.deepEqual(await core.namespace('moby').content.list(), []);
  await assert.rejects(images.remove('hello:2', { force: false }), { message: 'No such image: hello:2' });
});

test('an image that containers use is held as Docker holds it', async (t) => {
  const { images, users } = await testImages(t);
  const image = await testImage();
  await loadAs(images, image, 'hello:1');
  const id = image.manifest.digest;
  const id12 = id.slice(7, 19);
  users.push({ ...container, image: id });
  await assert.rejects(images.remove('hello:1', { force: false }), {
    class: 'Conflict',
    message: `conflict: unable to delete hello:1 (must be forced) - container cccccccccccc is using its referenced image ${id12}`,
  });
  await assert.rejects(images.remove(id12, { force: false }), {
    message: `conflict: unable to delete ${id12} (must be forced) - image is being used by stopped container cccccccccccc`,
  });
  users[0] = { ...container, image: id, running: true };
  await assert.rejects(images.remove(id12, { force: true }), {
    message: `conflict: unable to delete ${id12} (cannot be forced) - image is being used by running container cccccccccccc`,
  });
  assert.deepEqual(await images.remove('hello:1', { force: true }), [{ Untagged: 'hello:1' }]);
  assert.equal((await images.find(id, null)).id, id);
  users.length = 0;
  assert.deepEqual(await images.remove(id, { force: false }), [{ Deleted: id }]);
});

test('an image in several repositories goes by id only when forced', async (t) => {
  const { images } = await testImages(t);
  const image = await testImage();
  await loadAs(images, image, 'a:1', 'b:1');
  const id12 = image.manifest.digest.slice(7, 19);
  await assert.rejects(images.remove(id12, { force: false }), {
    message: `conflict: unable to delete ${id12} (must be forced) - image is referenced in multiple repositories`,
  });
  assert.deepEqual(await images.remove(id12, { force: true }), [
    { Untagged: 'a:1' },
    { Untagged: 'b:1' },
    { Deleted: image.manifest.digest },
  ]);
});

test('prune frees what has no name, or what no container uses', async (t) => {
  const { images, users, events } = await testImages(t);
  const [named, unnamed, used] = await Promise.all([
    testImage({ created: '2024-01-01T00:00:00Z' }),
    testImage({ created: '2025-01-01T00:00:00Z', files: { a: 'x'.repeat(5000) } }),
    testImage({ created: '2026-01-01T00:00:00Z' }),
  ]);
  await loadAs(images, named, 'named:1');
  await load(images, await layoutOf([{ image: unnamed }]));
  await loadAs(images, used, 'used:1');
  users.push({ ...container, image: used.manifest.digest });
  const first = await images.prune(new Map());
  assert.deepEqual(first.removed, [{ Untagged: unnamed.manifest.digest }, { Deleted: unnamed.manifest.digest }]);
  assert.ok(first.reclaimed_bytes > unnamed.layer.bytes.length + unnamed.config.bytes.length);
  const second = await images.prune(parseFilters('{"dangling":["false"]}'));
  assert.deepEqual(second.removed, [{ Untagged: 'named:1' }, { Deleted: named.manifest.digest }]);
  assert.equal(images.count, 1);
  assert.equal(events.at(-1)?.Action, 'prune');
  assert.deepEqual((await images.prune(parseFilters('{"until":["10m"]}'))).removed, []);
});

test('history tells each step with the size of its layer, newest first', async (t) => {
  const { images } = await testImages(t);
  const image = await testImage();
  await loadAs(images, image, 'hello:1');
  const { id, tags, steps } = await images.history('hello:1', null);
  assert.equal(id, image.manifest.digest);
  assert.deepEqual(tags, ['hello:1']);
  assert.deepEqual(
    steps.map(({ created_by, size_bytes }) => [created_by, size_bytes]),
    [
      ['ENTRYPOINT', 0],
      ['COPY hello.wasm /', image.layer_tar.length],
    ],
  );
});

test('the size of an image is its content and its unpacked layers', async (t) => {
  const { images } = await testImages(t);
  const image = await testImage();
  await loadAs(images, image, 'hello:1');
  const { size_bytes, chosen } = await images.inspect('hello:1', null);
  const content = [...image.blobs.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  assert.equal(size_bytes, content + image.layer_tar.length);
  assert.equal(chosen?.content_bytes, content);
});
