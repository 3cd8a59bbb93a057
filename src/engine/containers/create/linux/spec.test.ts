import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import type { ContainerConfig, HostConfig } from '../../config.ts';
import { type ContainerRecord, fresh_state } from '../../record.ts';
import { withHostDefaults } from '../host-defaults.ts';
import { root_user } from '../user.ts';
import { capabilitiesIn, capabilitiesOf } from './capabilities.ts';
import { default_profile } from './seccomp-profile.ts';
import { parseSeccompProfile, seccompSpec } from './seccomp.ts';
import { parseSecurityOptions } from './security-options.ts';
import { linuxSpec } from './spec.ts';
import { validateLinux } from './validate.ts';

const config: ContainerConfig = {
  Hostname: 'h',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  ExposedPorts: [],
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Env: [],
  Cmd: ['id'],
  Healthcheck: null,
  ArgsEscaped: false,
  Image: 'busybox',
  Volumes: [],
  WorkingDir: '',
  Entrypoint: null,
  NetworkDisabled: false,
  MacAddress: '',
  OnBuild: null,
  Labels: {},
  StopSignal: '',
  StopTimeout: null,
  Shell: null,
};

const nothing: HostConfig = {
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: '',
  BlkioWeight: 0,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: '',
  CpusetMems: '',
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
  Devices: null,
  DeviceCgroupRules: null,
  DeviceRequests: null,
  Ulimits: null,
  BlkioWeightDevice: null,
  BlkioDeviceReadBps: null,
  BlkioDeviceWriteBps: null,
  BlkioDeviceReadIOps: null,
  BlkioDeviceWriteIOps: null,
  Binds: null,
  ContainerIDFile: '',
  LogConfig: { Type: '', Config: {} },
  NetworkMode: '',
  PortBindings: {},
  RestartPolicy: { Name: '', MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: '',
  VolumesFrom: null,
  Mounts: [],
  ConsoleSize: [0, 0],
  Annotations: {},
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: 'private',
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: '',
  Cgroup: '',
  Links: null,
  OomScoreAdj: 0,
  PidMode: '',
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  StorageOpt: {},
  Tmpfs: {},
  UTSMode: '',
  UsernsMode: '',
  ShmSize: 0,
  Sysctls: {},
  Runtime: '',
  Isolation: '',
  MaskedPaths: null,
  ReadonlyPaths: null,
  Init: null,
};

const runtime = { shown: 'runc', name: 'io.containerd.runc.v2', binary: 'runc' };
const limits = {
  swap: true,
  swappiness: true,
  oom_kill_disable: true,
  pids: true,
  cpuset: true,
  blkio_weight: true,
};

interface Built {
  readonly process: Readonly<Record<string, unknown>>;
  readonly root: Readonly<Record<string, unknown>>;
  readonly hostname?: string;
  readonly mounts: readonly {
    readonly destination: string;
    readonly source: string;
    readonly options: readonly string[];
  }[];
  readonly linux: Readonly<Record<string, unknown>> & { readonly resources: Readonly<Record<string, unknown>> };
}

function build(host: Partial<HostConfig>, asked: Partial<ContainerConfig> = {}, record: Partial<ContainerRecord> = {}) {
  const host_config = withHostDefaults({ ...nothing, ...host }, { Type: 'json-file', Config: {} }, runtime);
  const whole: ContainerRecord = {
    version: 1,
    id: 'c1',
    name: 'n',
    created_at: '',
    config: { ...config, ...asked },
    host_config,
    endpoints: {},
    image_name: '',
    image_id: '',
    manifest: { mediaType: '', digest: '', size: 0 },
    runtime,
    os: 'linux',
    args: ['id'],
    mounts: [],
    unfinished: false,
    start_error: '',
    state: fresh_state,
    ...record,
  };
  const place = { bundle: '/b', namespace: 'moby', init: null, rootless: false, known_limits: limits };
  return linuxSpec(whole, root_user, { ...place, own_capabilities: ['CAP_CHOWN', 'CAP_KILL'] }) as unknown as Built;
}

/** The rules of a profile a line each, in one order, hashed. */
function rulesOf(capabilities: readonly string[]): readonly [number, string] {
  const { syscalls } = seccompSpec(default_profile, { capabilities, architecture: 'amd64', kernel: '6.1.0-1-amd64' });
  const lines = new Set<string>();
  for (const each of syscalls as readonly {
    names: string[];
    action: string;
    errnoRet?: number;
    args?: { index: number; value: number; valueTwo?: number; op: string }[];
  }[]) {
    const args = (each.args ?? []).map(({ index, value, valueTwo = 0, op }) => [index, value, valueTwo, op]);
    for (const name of each.names) {
      lines.add(`${name} ${each.action} ${each.errnoRet ?? ''} ${JSON.stringify(args)}`);
    }
  }
  return [
    lines.size,
    createHash('sha256')
      .update([...lines].sort().join('\n'))
      .digest('hex'),
  ];
}

const fourteen =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    .split(' ')
    .map((name) => `CAP_${name}`);

test('the filter of system calls is the one that Docker 28.5 writes for the same capabilities', () => {
  // Read from its bundles' config.json, on amd64.
  assert.deepEqual(rulesOf(fourteen), [375, 'eb7f899c4e795700dc6e1cf7939ba50d07e2796c8e805bec865471f781231dea']);
  assert.deepEqual(rulesOf([...fourteen, 'CAP_SYS_ADMIN', 'CAP_SYS_PTRACE']), [
    402,
    '1234a74f7f61016168e68437e4e7bec2cc738c5a9cb90c00b02461403ca13e75',
  ]);
  assert.deepEqual(rulesOf(['CAP_CHOWN']), [374, 'ffe1651f35eda656c28857c4b4eed50cae126ba2eb228ef284fa60cc3d1ecfdf']);
  assert.deepEqual(rulesOf(capabilitiesIn(0x1ff_feff_ffffn)), [
    419,
    '96a11e72e6d9b8955afdf8ee56a7efed3f6ae6beb7fdaad6bc1fd757799c9ef1',
  ]);
});

test('capabilities are Docker’s fourteen, less and more as asked for', () => {
  const of = (add: string[], drop: string[], privileged = false): readonly string[] =>
    capabilitiesOf({ privileged, add, drop }, ['CAP_CHOWN', 'CAP_KILL', 'CAP_BPF']);
  assert.deepEqual(of([], []), fourteen);
  assert.deepEqual(of(['net_admin', 'CAP_CHOWN'], ['MKNOD']).slice(-2), ['CAP_AUDIT_WRITE', 'CAP_NET_ADMIN']);
  assert.ok(!of([], ['MKNOD']).includes('CAP_MKNOD'));
  assert.deepEqual(of(['CHOWN'], ['ALL']), ['CAP_CHOWN']);
  assert.deepEqual(of(['ALL'], ['KILL']), ['CAP_CHOWN', 'CAP_BPF']);
  assert.deepEqual(of([], [], true), ['CAP_CHOWN', 'CAP_KILL', 'CAP_BPF']);
});

test('a container that nobody said anything about', () => {
  const { process, root, hostname, mounts, linux } = build({});
  assert.deepEqual(process['env'], ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOSTNAME=h']);
  assert.deepEqual(process['user'], { uid: 0, gid: 0, additionalGids: [0] });
  assert.equal(process['cwd'], '/');
  assert.deepEqual(root, { path: 'rootfs' });
  assert.equal(hostname, 'h');
  assert.deepEqual(
    mounts.map(({ destination, source, options }) => `${destination} ${source} ${options.join(',')}`),
    [
      '/proc proc nosuid,noexec,nodev',
      '/dev tmpfs nosuid,strictatime,mode=755,size=65536k',
      '/dev/pts devpts nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5',
      '/sys sysfs nosuid,noexec,nodev,ro',
      '/sys/fs/cgroup cgroup ro,nosuid,noexec,nodev',
      '/dev/mqueue mqueue nosuid,noexec,nodev',
      '/dev/shm shm nosuid,noexec,nodev,mode=1777,size=67108864',
      '/etc/hostname /b/hostname rbind,rprivate',
      '/etc/hosts /b/hosts rbind,rprivate',
      '/etc/resolv.conf /b/resolv.conf rbind,rprivate',
    ],
  );
  assert.deepEqual(linux['namespaces'], [
    { type: 'mount' },
    { type: 'network' },
    { type: 'uts' },
    { type: 'pid' },
    { type: 'ipc' },
    { type: 'cgroup' },
  ]);
  assert.deepEqual(linux['sysctl'], {
    'net.ipv4.ip_unprivileged_port_start': '0',
    'net.ipv4.ping_group_range': '0 2147483647',
  });
  assert.equal((linux['maskedPaths'] as string[]).length, 12);
  assert.equal((linux['readonlyPaths'] as string[]).length, 5);
  assert.deepEqual(
    { ...linux.resources, devices: null },
    {
      devices: null,
      memory: { disableOOMKiller: false },
      blockIO: {},
    },
  );
  assert.equal(linux['cgroupsPath'], '/wherry-linux/moby/c1');
});

test('limits stand as the runtime specification has them, without those the kernel does not know', () => {
  const { process, linux } = build({
    Memory: 67_108_864,
    MemoryReservation: 33_554_432,
    MemorySwappiness: 10,
    OomKillDisable: true,
    NanoCpus: 500_000_000,
    CpuShares: 512,
    CpusetCpus: '0',
    PidsLimit: 50,
    BlkioWeight: 300,
    CgroupParent: '/foo',
    Ulimits: [
      { Name: 'nofile', Soft: 100, Hard: 200 },
      { Name: 'core', Soft: 0, Hard: 0 },
      { Name: 'nproc', Soft: -1, Hard: -1 },
    ],
  });
  assert.deepEqual(
    { ...linux.resources, devices: null },
    {
      devices: null,
      memory: { limit: 67_108_864, reservation: 33_554_432, swap: 134_217_728, swappiness: 10, disableOOMKiller: true },
      cpu: { shares: 512, period: 100_000, quota: 50_000, cpus: '0' },
      pids: { limit: 50 },
      blockIO: { weight: 300 },
    },
  );
  assert.equal(linux['cgroupsPath'], '/foo/c1');
  assert.equal(
    JSON.stringify(process['rlimits']),
    '[{"type":"RLIMIT_CORE","hard":0,"soft":0},{"type":"RLIMIT_NOFILE","hard":200,"soft":100},' +
      '{"type":"RLIMIT_NPROC","hard":18446744073709551615,"soft":18446744073709551615}]',
  );
});

test('a privileged container has what the daemon has, and nothing in its way', () => {
  const { process, mounts, linux } = build({ Privileged: true, SecurityOpt: ['seccomp={}'] });
  assert.deepEqual((process['capabilities'] as { bounding: string[] }).bounding, ['CAP_CHOWN', 'CAP_KILL']);
  for (const absent of ['seccomp', 'maskedPaths', 'readonlyPaths']) assert.ok(!Object.hasOwn(linux, absent));
  const access = mounts.find(({ destination }) => destination === '/sys')?.options;
  assert.deepEqual(access, ['nosuid', 'noexec', 'nodev']);
  assert.deepEqual((linux.resources['devices'] as unknown[]).at(-1), { allow: true, access: 'rwm' });
});

test('the host’s namespaces are those that are asked for', () => {
  const { linux, mounts, hostname } = build({
    NetworkMode: 'host',
    PidMode: 'host',
    IpcMode: 'host',
    UTSMode: 'host',
    CgroupnsMode: 'host',
  });
  assert.deepEqual(linux['namespaces'], [{ type: 'mount' }]);
  assert.ok(!Object.hasOwn(linux, 'sysctl'));
  assert.equal(hostname, undefined);
  assert.equal(mounts.find(({ destination }) => destination === '/dev/shm')?.source, '/dev/shm');
});

test('a read-only root leaves what the kernel needs and what was mounted on purpose', () => {
  const mount = { Type: 'bind', Name: '', Driver: '', Mode: '', create_source: false, copy_up: false } as const;
  const { mounts, root } = build(
    { ReadonlyRootfs: true, Tmpfs: { '/run': 'exec,size=1m' } },
    {},
    {
      mounts: [
        { ...mount, Source: '/h', Destination: '/in', RW: false, Propagation: 'rslave', anonymous: false },
        { ...mount, Source: '/h', Destination: '/etc/hosts', RW: true, Propagation: '', anonymous: false },
      ],
    },
  );
  const options = (path: string): string =>
    mounts
      .filter(({ destination }) => destination === path)
      .map((each) => each.options.join(','))
      .join(';');
  assert.equal(root['readonly'], true);
  assert.equal(options('/dev'), 'nosuid,strictatime,mode=755,size=65536k');
  assert.equal(options('/run'), 'nosuid,nodev,rprivate,exec,size=1m');
  assert.equal(options('/in'), 'rbind,rro,rslave');
  assert.equal(options('/etc/hosts'), 'rbind');
  assert.equal(options('/etc/hostname'), 'rbind,ro,rprivate');
});

test('security options are read as Docker reads them', () => {
  assert.equal(parseSecurityOptions([], false).seccomp, default_profile);
  assert.equal(parseSecurityOptions(['seccomp=unconfined'], false).seccomp, null);
  assert.equal(parseSecurityOptions(['no-new-privileges:true'], false).no_new_privileges, true);
  assert.equal(parseSecurityOptions(['label=disable', 'apparmor:unconfined'], false).no_new_privileges, false);
  for (const [option, message] of [
    ['nope', 'invalid --security-opt 1: "nope"'],
    ['nope=1', 'invalid --security-opt 2: "nope=1"'],
    ['no-new-privileges=x', 'invalid --security-opt 2: "no-new-privileges=x"'],
  ] as const) {
    assert.throws(() => parseSecurityOptions([option], false), { class: 'InvalidArgument', message });
  }
  assert.throws(() => parseSecurityOptions(['seccomp={'], false), { message: /^Decoding seccomp profile failed: / });
});

test('a profile of one’s own has Docker’s form, with its conditions', () => {
  const profile = parseSeccompProfile(
    JSON.stringify({
      defaultAction: 'SCMP_ACT_KILL',
      archMap: [{ architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86'] }],
      syscalls: [
        { names: ['read'], action: 'SCMP_ACT_ALLOW' },
        { name: 'bpf', action: 'SCMP_ACT_ALLOW', includes: { caps: ['CAP_BPF'], minKernel: '5.8' } },
        { names: ['write'], action: 'SCMP_ACT_ALLOW', excludes: { arches: ['amd64'] } },
      ],
    }),
  );
  const names = (capabilities: string[], kernel: string): unknown =>
    seccompSpec(profile, { capabilities, kernel, architecture: 'amd64' }).syscalls.map(
      (rule) => (rule as { names: string[] }).names[0],
    );
  assert.deepEqual(names([], '6.1.0'), ['read']);
  assert.deepEqual(names(['CAP_BPF'], '6.1.0'), ['read', 'bpf']);
  assert.deepEqual(names(['CAP_BPF'], '4.19.0'), ['read']);
  for (const bad of [
    '{"syscalls":{}}',
    '{"syscalls":[{"names":["a"],"name":"b"}]}',
    '{"architectures":["SCMP_ARCH_X86"],"archMap":[{"architecture":"SCMP_ARCH_X86_64"}]}',
    '{"syscalls":[{"names":["a"],"args":[{"value":-1}]}]}',
    '[]',
  ]) {
    assert.throws(() => parseSeccompProfile(bad), { class: 'InvalidArgument' });
  }
});

test('what is not there yet is refused in words', () => {
  const refuse = (host: Partial<HostConfig>, message: RegExp): void => {
    const whole = { ...nothing, NetworkMode: 'bridge', ...host };
    assert.throws(() => validateLinux(whole, config), { message });
  };
  refuse({ PortBindings: { '80/tcp': null } }, /^cannot publish port 80\/tcp: ports of Linux containers are not there/);
  refuse({ PidMode: 'container:x' }, /^cannot join the PID namespace of x/);
  refuse({ Ulimits: [{ Name: 'x', Soft: 1, Hard: 1 }] }, /^invalid ulimit type: x$/);
  refuse({ Ulimits: [{ Name: 'nofile', Soft: 2, Hard: 1 }] }, /^ulimit soft limit must be less than or equal to hard/);
  refuse({ DeviceCgroupRules: ['x'] }, /^invalid device cgroup rule format: 'x'$/);
  validateLinux({ ...nothing, NetworkMode: 'host', PortBindings: { '80/tcp': null } }, config);
});
