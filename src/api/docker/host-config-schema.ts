import * as v from 'valibot';

import type { HostConfig, MountRequest, Resources, RestartPolicy } from '../../engine/index.ts';
import { flag, map, number, orNull, strings, text } from './schema-parts.ts';

const rates = orNull(v.array(v.object({ Path: text, Rate: number })));

const resources = {
  CpuShares: number,
  Memory: number,
  NanoCpus: number,
  CgroupParent: text,
  BlkioWeight: number,
  CpuPeriod: number,
  CpuQuota: number,
  CpuRealtimePeriod: number,
  CpuRealtimeRuntime: number,
  CpusetCpus: text,
  CpusetMems: text,
  MemoryReservation: number,
  MemorySwap: number,
  MemorySwappiness: orNull(v.number()),
  OomKillDisable: orNull(v.boolean()),
  PidsLimit: orNull(v.number()),
  CpuCount: number,
  CpuPercent: number,
  IOMaximumIOps: number,
  IOMaximumBandwidth: number,
  Devices: orNull(v.array(v.object({ PathOnHost: text, PathInContainer: text, CgroupPermissions: text }))),
  DeviceCgroupRules: strings,
  DeviceRequests: orNull(
    v.array(
      v.object({
        Driver: text,
        Count: number,
        DeviceIDs: strings,
        Capabilities: orNull(v.array(v.array(v.string()))),
        Options: map,
      }),
    ),
  ),
  Ulimits: orNull(v.array(v.object({ Name: text, Hard: number, Soft: number }))),
  BlkioWeightDevice: orNull(v.array(v.object({ Path: text, Weight: number }))),
  BlkioDeviceReadBps: rates,
  BlkioDeviceWriteBps: rates,
  BlkioDeviceReadIOps: rates,
  BlkioDeviceWriteIOps: rates,
};

export const resourcesSchema: v.GenericSchema<unknown, Resources> = v.object(resources);

export const restartPolicySchema: v.GenericSchema<unknown, RestartPolicy> = v.object({
  Name: text,
  MaximumRetryCount: number,
});

const mountSchema: v.GenericSchema<unknown, MountRequest> = v.object({
  Type: text,
  Source: text,
  Target: text,
  ReadOnly: flag,
  Consistency: text,
  BindOptions: orNull(
    v.object({
      Propagation: text,
      NonRecursive: flag,
      CreateMountpoint: flag,
      ReadOnlyNonRecursive: flag,
      ReadOnlyForceRecursive: flag,
    }),
  ),
  VolumeOptions: orNull(
    v.object({
      NoCopy: flag,
      Labels: map,
      Subpath: text,
      DriverConfig: orNull(v.object({ Name: text, Options: map })),
    }),
  ),
  TmpfsOptions: orNull(v.object({ SizeBytes: number, Mode: number, Options: orNull(v.array(v.array(v.string()))) })),
  ImageOptions: orNull(v.object({ Subpath: text })),
});

const none = { Name: '', MaximumRetryCount: 0 };

/** Docker's `HostConfig`. */
export const hostConfigSchema: v.GenericSchema<unknown, HostConfig> = v.object({
  ...resources,
  Binds: strings,
  ContainerIDFile: text,
  LogConfig: v.nullish(v.object({ Type: text, Config: map }), { Type: '', Config: {} }),
  NetworkMode: text,
  PortBindings: v.nullish(v.record(v.string(), orNull(v.array(v.object({ HostIp: text, HostPort: text })))), {}),
  RestartPolicy: v.nullish(restartPolicySchema, none),
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: strings,
  Mounts: v.nullish(v.array(mountSchema), []),
  ConsoleSize: v.nullish(v.tuple([number, number]), [0, 0]),
  Annotations: map,
  CapAdd: strings,
  CapDrop: strings,
  CgroupnsMode: text,
  Dns: v.nullish(v.array(v.string()), []),
  DnsOptions: v.nullish(v.array(v.string()), []),
  DnsSearch: v.nullish(v.array(v.string()), []),
  ExtraHosts: strings,
  GroupAdd: strings,
  IpcMode: text,
  Cgroup: text,
  Links: strings,
  OomScoreAdj: number,
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: strings,
  StorageOpt: map,
  Tmpfs: map,
  UTSMode: text,
  UsernsMode: text,
  ShmSize: number,
  Sysctls: map,
  Runtime: text,
  Isolation: text,
  MaskedPaths: strings,
  ReadonlyPaths: strings,
  Init: orNull(v.boolean()),
});
