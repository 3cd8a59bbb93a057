import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { after, afterEach, test } from 'node:test';

import { TestDaemon } from '../daemon-for-tests.ts';

const cpus = availableParallelism();

/** What `inspect`, a list or an error says, as far as these tests look at it. */
interface Inspected {
  readonly message?: string;
  readonly Warnings: readonly string[];
  readonly HostConfig: Readonly<Record<string, unknown>>;
  readonly Config: Readonly<Record<string, unknown>>;
  readonly NetworkSettings: Readonly<Record<string, unknown>>;
  readonly GraphDriver: { readonly Name: string };
  readonly State: Readonly<Record<string, unknown>>;
}

const daemon = await TestDaemon.start({ after });
await daemon.load('hello');
afterEach(() => daemon.empty());

function withPort(port: string, HostIp: string, HostPort: string): Record<string, unknown> {
  return { Image: 'hello', HostConfig: { PortBindings: { [port]: [{ HostIp, HostPort }] } } };
}

/** Body, status, and what is said: of requests that Docker refuses. */
const refused: readonly (readonly [Record<string, unknown>, number, string])[] = [
  [{}, 400, 'config cannot be empty in order to create a container'],
  [{ HostConfig: {} }, 400, 'config cannot be empty in order to create a container'],
  [{ Image: 'nope' }, 404, 'No such image: nope:latest'],
  [{ Image: 'hello', Hostname: 'h'.repeat(65) }, 400, `hostname "${'h'.repeat(65)}" is too long (maximum 64 bytes)`],
  [{ Image: 'hello', WorkingDir: 'a' }, 400, "the working directory 'a' is invalid, it needs to be an absolute path"],
  [{ Image: 'hello', StopSignal: 'LOUD' }, 400, 'invalid signal: LOUD'],
  [{ Image: 'hello', Healthcheck: { Interval: 5 } }, 400, 'Interval in Healthcheck cannot be less than 1ms'],
  [{ Image: 'hello', Healthcheck: { Retries: -1 } }, 400, 'Retries in Healthcheck cannot be negative'],
  [{ Image: 'hello', ExposedPorts: { '99999/tcp': {} } }, 400, 'invalid port specification: "99999/tcp"'],
  [withPort('80-70/tcp', '', ''), 400, 'invalid port specification: "80-70/tcp"'],
  [withPort('80/icmp', '', ''), 400, 'invalid port specification: "80/icmp"'],
  [withPort('80/tcp', '', 'x'), 400, 'invalid port specification: "x"'],
  [withPort('80/tcp', '', '8010-8000'), 400, 'invalid port specification: "8010-8000"'],
  [withPort('80/tcp', '', '70000'), 400, 'invalid port specification: "70000"'],
  [withPort('80/tcp', '1.2.3', '80'), 400, 'invalid IP address: 1.2.3'],
  ...(
    [
      [
        { AutoRemove: true, RestartPolicy: { Name: 'always' } },
        400,
        "can't create 'AutoRemove' container with restart policy",
      ],
      [
        { RestartPolicy: { Name: 'x' } },
        400,
        "invalid restart policy: unknown policy 'x'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
      ],
      [
        { RestartPolicy: { Name: 'always', MaximumRetryCount: 1 } },
        400,
        "invalid restart policy: maximum retry count can only be used with 'on-failure'",
      ],
      [
        { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: -1 } },
        400,
        'invalid restart policy: maximum retry count cannot be negative',
      ],
      [{ CapAdd: ['X'] }, 400, 'invalid CapAdd: unknown capability: "X"'],
      [{ CapDrop: ['X'] }, 400, 'invalid CapDrop: unknown capability: "X"'],
      [{ Isolation: 'hyperv' }, 400, "invalid isolation 'hyperv' on linux"],
      [
        { Annotations: { '': 'x' } },
        400,
        'invalid Annotations: the empty string is not permitted as an annotation key',
      ],
      [{ Runtime: 'nope' }, 400, 'unknown or invalid runtime name: nope'],
      [{ IpcMode: 'x' }, 400, 'invalid IPC mode: x'],
      [{ PidMode: 'x' }, 400, 'invalid PID mode: x'],
      [{ UTSMode: 'x' }, 400, 'invalid UTS mode: x'],
      [{ CgroupnsMode: 'x' }, 400, 'invalid cgroup namespace mode: x'],
      [{ ShmSize: -1 }, 400, 'SHM size can not be less than 0'],
      [{ OomScoreAdj: 1001 }, 400, 'Invalid value 1001, range for oom score adj is [-1000, 1000]'],
      [{ BlkioWeight: 5 }, 400, 'Range of blkio weight is from 10 to 1000'],
      [{ Memory: 1024 }, 400, 'Minimum memory limit allowed is 6MB'],
      [
        { Memory: 8 << 20, MemorySwap: 7 << 20 },
        400,
        'Minimum memoryswap limit should be larger than memory limit, see usage',
      ],
      [{ MemorySwap: 8 << 20 }, 400, 'You should always set the Memory limit when using Memoryswap limit, see usage'],
      [{ MemorySwappiness: 101 }, 400, 'Invalid value: 101, valid memory swappiness range is 0-100'],
      [{ MemoryReservation: 1 }, 400, 'Minimum memory reservation allowed is 6MB'],
      [
        { Memory: 8 << 20, MemoryReservation: 9 << 20 },
        400,
        'Minimum memory limit can not be less than memory reservation limit, see usage',
      ],
      [{ NanoCpus: 1e9, CpuPeriod: 1000 }, 400, 'Conflicting options: Nano CPUs and CPU Period cannot both be set'],
      [{ NanoCpus: 1e12 }, 400, `range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`],
      [{ CpuShares: -1 }, 400, 'invalid CPU shares (-1): value must be a positive integer'],
      [{ CpuPeriod: 1 }, 400, 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)'],
      [{ CpuQuota: 1 }, 400, 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
      [
        { CpusetCpus: '9000' },
        400,
        `Requested CPUs are not available - requested 9000, available: ${cpus === 1 ? '0' : `0-${cpus - 1}`}`,
      ],
      [{ NetworkMode: 'container:' }, 400, 'invalid network mode: invalid container format container:<name/id>'],
      [{ LogConfig: { Type: 'x' } }, 400, "logger: no log driver named 'x' is registered"],
      [{ LogConfig: { Type: 'json-file', Config: { a: 'b' } } }, 400, "unknown log opt 'a' for json-file log driver"],
      [{ Binds: ['/a:b:c:d'] }, 500, "invalid volume specification: '/a:b:c:d'"],
      [{ Binds: ['/a:/b:loud'] }, 500, 'invalid mode: loud'],
      [{ Binds: ['/a:/b', '/c:/b'] }, 400, 'Duplicate mount point: /b'],
      [
        { Binds: ['a!:/b'] },
        400,
        'create a!: "a!" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
      ],
      [
        { Mounts: [{ Type: 'bind', Source: '/nowhere', Target: '/x' }] },
        400,
        'invalid mount config for type "bind": bind source path does not exist: /nowhere',
      ],
      [
        { Mounts: [{ Type: 'bind', Source: '', Target: '/x' }] },
        400,
        'invalid mount config for type "bind": field Source must not be empty',
      ],
      [
        { Mounts: [{ Type: 'floppy', Target: '/x' }] },
        400,
        'invalid mount config for type "floppy": mount type unknown',
      ],
      [
        { Mounts: [{ Type: 'tmpfs', Target: 'x' }] },
        400,
        'invalid mount config for type "tmpfs": invalid mount path: \'x\' mount path must be absolute',
      ],
      [
        { Mounts: [{ Type: 'tmpfs', Target: '/x', VolumeOptions: {} }] },
        400,
        'VolumeOptions must not be specified on mount type "tmpfs"',
      ],
    ] as const
  ).map(([host, status, message]) => [{ Image: 'hello', HostConfig: host }, status, message] as const),
];

test('a request that Docker refuses is refused with its text', async () => {
  for (const [body, status, message] of refused) {
    const answer = await daemon.send('POST', '/containers/create', body);
    assert.deepEqual([answer.status, answer.message], [status, message], JSON.stringify(body));
  }
  assert.equal(
    (await daemon.send('POST', '/containers/create?name=-', { Image: 'hello' })).message,
    'Invalid container name (-), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed',
  );
  const json = (await daemon.send('GET', '/containers/json?all=1')).json;
  assert.deepEqual(json, [], 'nothing of a refused container is left');
  assert.deepEqual((await daemon.send('GET', '/volumes')).json, { Volumes: [], Warnings: null });
});

test('ports that are not TCP are refused in words', async () => {
  const HostConfig = { PortBindings: { '53/udp': [{ HostIp: '', HostPort: '8053' }] } };
  const { status, message } = await daemon.send('POST', '/containers/create', { Image: 'hello', HostConfig });
  assert.equal(status, 501);
  assert.match(message, /cannot publish 53\/udp: of published ports only TCP is there yet/);
  const host = { ...HostConfig, NetworkMode: 'host' };
  const onHost = await daemon.send('POST', '/containers/create', { Image: 'hello', HostConfig: host });
  assert.deepEqual((onHost.json as { Warnings: string[] }).Warnings, [
    'Published ports are discarded when using host network mode',
  ]);
});

test('a name belongs to one container', async () => {
  const id = await daemon.create('one', { Image: 'hello' });
  const again = await daemon.send('POST', '/containers/create?name=/one', { Image: 'hello' });
  assert.equal(again.status, 409);
  assert.equal(
    again.message,
    `Conflict. The container name "/one" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
  await daemon.create('two', { Image: 'hello' });
  assert.equal((await daemon.send('POST', '/containers/two/rename?name=one')).status, 409);
  assert.equal((await daemon.send('POST', '/containers/one/rename?name=three')).status, 204);
  assert.equal((await daemon.send('POST', '/containers/two/rename?name=one')).status, 204);
  assert.equal((await daemon.send('GET', '/containers/three/json')).status, 200);
});

test('what a request’s version did not know is dropped or refused', async () => {
  const create = async (version: string, fields: Record<string, unknown>): Promise<Inspected> => {
    const made = await daemon.send('POST', `/v${version}/containers/create`, { Image: 'hello', ...fields });
    if (made.status !== 201) return { message: made.message } as Inspected;
    const { Id, Warnings } = made.json as { Id: string; Warnings: string[] };
    const { json } = await daemon.send('GET', `/v1.55/containers/${Id}/json`);
    await daemon.send('DELETE', `/containers/${Id}`);
    return { ...(json as Inspected), Warnings };
  };
  assert.equal((await create('1.39', {})).HostConfig['IpcMode'], 'shareable');
  assert.equal((await create('1.40', {})).HostConfig['IpcMode'], 'private');
  const console = { HostConfig: { ConsoleSize: [10, 20] } };
  assert.deepEqual((await create('1.41', console)).HostConfig['ConsoleSize'], [0, 0]);
  assert.deepEqual((await create('1.42', console)).HostConfig['ConsoleSize'], [10, 20]);
  const annotated = { HostConfig: { Annotations: { a: 'b' } } };
  assert.equal((await create('1.42', annotated)).HostConfig['Annotations'], undefined);
  assert.deepEqual((await create('1.43', annotated)).HostConfig['Annotations'], { a: 'b' });
  const start_interval = { Healthcheck: { StartInterval: 1e9 } };
  assert.deepEqual((await create('1.43', start_interval)).Config['Healthcheck'], {});
  assert.deepEqual((await create('1.44', start_interval)).Config['Healthcheck'], { StartInterval: 1e9 });
  const endpoints = { NetworkingConfig: { EndpointsConfig: { bridge: {}, none: {} } } };
  assert.equal(
    (await create('1.43', endpoints)).message,
    'Container cannot be created with multiple network endpoints: bridge, none',
  );
  const mac = { MacAddress: '02:00:00:00:00:01' };
  assert.match((await create('1.52', mac)).message ?? '', /container-wide MAC address no longer supported/);
  assert.match((await create('1.51', mac)).Warnings[0] ?? '', /MacAddress field is now deprecated/);
  assert.deepEqual((await create('1.43', mac)).Warnings, []);
  const subpath = {
    HostConfig: { Mounts: [{ Type: 'volume', Source: 'v', Target: '/v', VolumeOptions: { Subpath: 'a' } }] },
  };
  assert.match((await create('1.44', subpath)).message ?? '', /needs API v1.45/);
  const foreign = { HostConfig: { Mounts: [{ Type: 'tmpfs', Target: '/x', VolumeOptions: {} }] } };
  assert.equal((await create('1.41', foreign)).message, undefined);
});

test('inspect and list answer in the request’s version', async () => {
  const id = await daemon.create('one', { Image: 'hello', HostConfig: { Annotations: { a: 'b' } } });
  const inspect = async (version: string): Promise<Inspected> =>
    (await daemon.send('GET', `/v${version}/containers/${id}/json`)).json as Inspected;
  const list = async (version: string): Promise<Inspected> =>
    ((await daemon.send('GET', `/v${version}/containers/json?all=1`)).json as Inspected[])[0]!;
  assert.equal('ImageManifestDescriptor' in (await inspect('1.47')), false);
  assert.equal('ImageManifestDescriptor' in (await inspect('1.48')), true);
  const old = await inspect('1.51');
  assert.equal(old.NetworkSettings['IPAddress'], '');
  assert.equal(old.GraphDriver.Name, 'wherry');
  const now = await inspect('1.52');
  assert.equal('IPAddress' in now.NetworkSettings, false);
  assert.equal('GraphDriver' in now, false);
  assert.equal(now.State['Status'], 'created');
  assert.equal(now.State['StartedAt'], '0001-01-01T00:00:00Z');
  assert.equal((await list('1.45')).HostConfig['Annotations'], undefined);
  assert.deepEqual((await list('1.46')).HostConfig['Annotations'], { a: 'b' });
  assert.equal('Health' in (await list('1.51')), false);
  assert.equal('Health' in (await list('1.52')), true);
});
