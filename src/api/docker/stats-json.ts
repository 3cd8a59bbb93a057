import type { BlockCount, Container, Sample, Usage } from '../../engine/index.ts';

const zero_time = '0001-01-01T00:00:00Z';

/** `ContainerStatsResponse`. Of a container that does not run there is only who it is. */
export function statsJson(
  { id, name, record }: Container,
  before: Sample | null,
  now: Sample,
): Record<string, unknown> {
  const { usage } = now;
  return {
    id,
    name: `/${name}`,
    os_type: record.os === 'linux' ? 'linux' : record.os,
    read: usage === null ? zero_time : now.read.toISOString(),
    cpu_stats: cpuJson(now),
    memory_stats: usage === null ? {} : memoryJson(usage),
    pids_stats: usage === null ? {} : { current: usage.processes, ...positive('limit', usage.processes_max) },
    blkio_stats: blockJson(usage),
    num_procs: 0,
    storage_stats: {},
    preread: before === null ? zero_time : before.read.toISOString(),
    precpu_stats: cpuJson(before),
  };
}

function cpuJson(sample: Sample | null): Record<string, unknown> {
  const usage = sample?.usage ?? null;
  if (sample === null || usage === null) {
    return {
      cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
      throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
    };
  }
  return {
    cpu_usage: {
      total_usage: usage.cpu_ns,
      ...(usage.cpu_each_ns.length === 0 ? {} : { percpu_usage: usage.cpu_each_ns }),
      usage_in_kernelmode: usage.cpu_kernel_ns,
      usage_in_usermode: usage.cpu_user_ns,
    },
    system_cpu_usage: sample.machine_cpu_ns,
    online_cpus: sample.processors,
    throttling_data: {
      periods: usage.periods,
      throttled_periods: usage.throttled_periods,
      throttled_time: usage.throttled_ns,
    },
  };
}

function memoryJson(usage: Usage): Record<string, unknown> {
  return {
    usage: usage.memory_bytes,
    ...positive('max_usage', usage.memory_peak_bytes),
    stats: usage.memory,
    ...positive('failcnt', usage.memory_failures),
    limit: usage.memory_bytes_max,
  };
}

function blockJson(usage: Usage | null): Record<string, unknown> {
  const counts = (list: readonly BlockCount[] | undefined): readonly BlockCount[] | null =>
    list === undefined || list.length === 0 ? null : list;
  return {
    io_service_bytes_recursive: counts(usage?.block_bytes),
    io_serviced_recursive: counts(usage?.block_operations),
    io_queue_recursive: null,
    io_service_time_recursive: null,
    io_wait_time_recursive: null,
    io_merged_recursive: null,
    io_time_recursive: null,
    sectors_recursive: null,
  };
}

function positive(name: string, value: number): Record<string, number> {
  return value > 0 ? { [name]: value } : {};
}
