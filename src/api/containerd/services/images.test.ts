import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import { ImagesService } from '../../../wire/services.ts';
import { serve } from '../testing/serve.ts';

const digest = `sha256:${createHash('sha256').update('x').digest('hex')}`;
const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 1n };

test('an image is made, found by filters, changed by field masks and deleted', async (t) => {
  const images = (await serve(t)).connect().service(ImagesService);
  const { image } = await images.create({ image: { name: 'a', target, labels: { one: '1', empty: '' } } });
  assert.deepEqual(image?.labels, { one: '1' });
  await images.create({ image: { name: 'b', target } });
  const names = async (...filters: string[]): Promise<string[]> =>
    (await images.list({ filters })).images.map(({ name }) => name);
  assert.deepEqual(await names(), ['a', 'b']);
  assert.deepEqual(await names('labels.one==1'), ['a']);
  assert.deepEqual(await names('name==b', 'labels.one'), ['a', 'b']);
  assert.deepEqual(await names(`target.digest==${digest},name~=^b`), ['b']);

  const changed = await images.update({
    image: { name: 'a', labels: { two: '2', three: '3' } },
    updateMask: { paths: ['labels.two', 'labels.one'] },
  });
  assert.deepEqual(changed.image?.labels, { two: '2' });
  assert.equal(changed.image?.target?.digest, digest);
  assert.deepEqual(changed.image?.createdAt, image?.createdAt);

  await images.delete({ name: 'a', sync: true });
  assert.deepEqual(await names(), ['b']);
});

test('what containerd refuses is refused in its words', async (t) => {
  const images = (await serve(t)).connect().service(ImagesService);
  await images.create({ image: { name: 'a', target } });
  for (const [call, code, details] of [
    [images.get({ name: 'x' }), 5, 'image "x": not found'],
    [images.get({ name: 'a' }, { namespace: '' }), 9, 'namespace is required: failed precondition'],
    [images.create({ image: { name: 'a', target } }), 6, 'image "a": already exists'],
    [images.create({ image: { name: '', target } }), 3, 'Image.Name required'],
    [
      images.create({ image: { name: 'b', target: { ...target, digest: 'sha256:x' } } }),
      3,
      'Target.Digest "sha256:x" invalid: invalid checksum digest length: invalid argument',
    ],
    [
      images.create({ image: { name: 'b', target: { ...target, size: 0n } } }),
      3,
      'Target.Size must be greater than zero: invalid argument',
    ],
    [images.update({ image: { name: '' } }), 3, 'Image.Name required'],
    [
      images.update({ image: { name: 'a' }, updateMask: { paths: ['name'] } }),
      3,
      'cannot update "name" field on image "a": invalid argument',
    ],
    [
      images.delete({ name: 'a', target: { digest: 'sha256:other' } }),
      5,
      `image "a" has target ${digest}, not sha256:other: not found`,
    ],
    [
      images.list({ filters: ['name~'] }),
      3,
      'filters: parse error: [name >|~|< ]: unsupported operator "~": invalid argument: invalid argument',
    ],
  ] as const)
    await assert.rejects(call, { code, details });
});
