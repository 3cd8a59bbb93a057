import { type Runtime, wasm_runtime } from '../../runtimes.ts';
import type { HostConfig, LogConfig } from '../config.ts';
import { isUnified } from './linux/known-limits.ts';

const shm_bytes = 64 * 1024 * 1024;

/** In Docker's order. */
const masked_paths = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

const readonly_paths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** Docker's defaults where a client said nothing. */
export function withHostDefaults(host: HostConfig, log_config: LogConfig, runtime: Runtime): HostConfig {
  const { LogConfig, NetworkMode, Memory, MemorySwap, ShmSize, IpcMode, CgroupnsMode, RestartPolicy } = host;
  const log = LogConfig.Type === '' || LogConfig.Type === log_config.Type;
  return {
    ...host,
    LogConfig: log ? { Type: log_config.Type, Config: { ...log_config.Config, ...LogConfig.Config } } : LogConfig,
    NetworkMode: NetworkMode === '' || NetworkMode === 'default' ? 'bridge' : NetworkMode,
    RestartPolicy: RestartPolicy.Name === '' ? { ...RestartPolicy, Name: 'no' } : RestartPolicy,
    MemorySwap: Memory > 0 && MemorySwap === 0 ? Memory * 2 : MemorySwap,
    ShmSize: ShmSize === 0 ? shm_bytes : ShmSize,
    IpcMode: IpcMode === '' ? 'private' : IpcMode,
    CgroupnsMode: CgroupnsMode === '' ? cgroupNamespace(host, runtime) : CgroupnsMode,
    Runtime: runtime.shown,
    MemorySwappiness: host.MemorySwappiness === -1 ? null : host.MemorySwappiness,
    OomKillDisable: host.OomKillDisable ?? false,
    // No limit, however it was said.
    PidsLimit: (host.PidsLimit ?? 0) > 0 ? host.PidsLimit : null,
    MaskedPaths: host.MaskedPaths ?? (host.Privileged ? [] : masked_paths),
    ReadonlyPaths: host.ReadonlyPaths ?? (host.Privileged ? [] : readonly_paths),
  };
}

/** Docker's: a namespace of its own where there is one hierarchy of control groups, but for a privileged container. */
function cgroupNamespace({ Privileged }: HostConfig, { name }: Runtime): string {
  if (name === wasm_runtime) return 'private';
  return isUnified() && !Privileged ? 'private' : 'host';
}
