import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openIndex } from '../../oci/index.ts';
import { createBroker, createGuestFiles } from '../index.ts';
import {
  type Container,
  directoryAt,
  type Image,
  imageOf,
  namesIn,
  outcome,
  readText,
  root,
  temporaryFolder,
  writeText,
} from '../testing.ts';

/** Two processes of one container: what the broker tells about one's change reaches the other before the reply. */
function twoOf(image: Image): [Container, Container] {
  const upper = temporaryFolder();
  const lower = {
    index: openIndex(image.index),
    layers: image.layers.map((l) => ({ tar_fd: l.tar_fd, index: openIndex(l.index) })),
  };
  const broker = createBroker({ mounts: [], upper, lower, user: root });
  const queues: Uint8Array[][] = [[], []];
  const processOf = (own: number): Container => {
    const container: Container = { files: { root: null as never }, broker, upper, trips: 0 };
    const channel = {
      call: (request: Uint8Array) => {
        container.trips++;
        const { reply, descriptor, notice } = broker.handle(request);
        if (notice !== null) queues[1 - own]!.push(notice);
        return { reply, descriptor };
      },
      takeNotices: () => queues[own]!.splice(0),
    };
    return Object.assign(container, {
      files: createGuestFiles({ image, channel, mounts: [], touched: broker.touched, user: root, read_only: false }),
    });
  };
  return [processOf(0), processOf(1)];
}

test('one process sees what another changed in the image it thought it knew', async () => {
  const image = await imageOf([
    { name: 'etc/config', data: 'image' },
    { name: 'lib/sub/x', data: 'x' },
  ]);
  const [one, other] = twoOf(image);
  assert.equal(readText(one, '/etc/config'), 'image');
  writeText(other, '/etc/config', 'changed');
  assert.equal(readText(one, '/etc/config'), 'changed');
  writeText(other, '/new', 'x');
  assert.deepEqual(namesIn(one.files.root), ['etc', 'lib', 'new', 'tmp']);
});

test("a directory that one process was told to be the image's is asked for again when another removed it", async () => {
  const image = await imageOf([
    { name: 'lib/sub/', type: 'directory' },
    { name: 'lib/other/y', data: 'y' },
  ]);
  const [one, other] = twoOf(image);
  writeText(one, '/lib/touched', '');
  directoryAt(one, '/lib/sub');
  const { trips } = one;
  directoryAt(one, '/lib/sub');
  assert.equal(one.trips, trips);
  directoryAt(other, '/lib').removeDirectory('sub');
  assert.equal(
    outcome(() => directoryAt(one, '/lib').statChild('sub')),
    'NOENT',
  );
  assert.equal(one.files.root.walk(['lib', 'sub']).stopped, null);
});
