import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, hostname, release, totalmem } from 'node:os';

import { installedRuntimes, type Runtime } from './runtimes.ts';
import { type LimitsSupport, limitsSupport } from './limits-support.ts';

/** What the machine and this process are. */
export interface Machine {
  readonly hostname: string;
  readonly kernel: string;
  /** `Debian GNU/Linux 12 (bookworm)`. */
  readonly operating_system: string;
  readonly os_version: string;
  /** As the kernel calls it: `x86_64`. */
  readonly architecture: string;
  readonly cpus: number;
  readonly memory_bytes: number;
  readonly node_version: string;
  readonly v8_version: string;
}

/** What the daemon was told, as far as clients are told of it. */
export interface SystemSettings {
  /** Wherry's. */
  readonly version: string;
  readonly root: string;
  /** Path of containerd's socket; '' when it is not served. */
  readonly containerd_socket: string;
  readonly debug: boolean;
  readonly labels: readonly string[];
  readonly insecure_registries: readonly string[];
  /** `tcp://` addresses that the API is served on without TLS. */
  readonly unencrypted_addresses: readonly string[];
}

/** How many containers there are, by what they do. */
export interface ContainerCounts {
  readonly running: number;
  readonly paused: number;
  readonly stopped: number;
}

export interface SystemContext extends SystemSettings {
  containers(): ContainerCounts;
  images(): number;
  /** How many clients listen to events. */
  listeners(): number;
}

/** Facts about the daemon as a whole, for `info` and `version`. */
export class System {
  readonly settings: SystemSettings;
  readonly machine: Machine;
  /** Names this installation: the same for the same data directory. */
  readonly id: string;
  readonly #context: SystemContext;

  constructor(context: SystemContext) {
    this.settings = context;
    this.machine = readMachine();
    this.id = identifier(`${this.machine.hostname} ${context.root}`);
    this.#context = context;
  }

  get containers(): ContainerCounts {
    return this.#context.containers();
  }

  get images(): number {
    return this.#context.images();
  }

  get listeners(): number {
    return this.#context.listeners();
  }

  /** Of this process; -1 when nobody says. */
  get open_descriptors(): number {
    try {
      return readdirSync('/proc/self/fd').length;
    } catch {
      return -1;
    }
  }

  /** What can run containers here. */
  get runtimes(): readonly Runtime[] {
    return installedRuntimes();
  }

  get limits(): LimitsSupport {
    return limitsSupport();
  }

  /** What an operator should know. */
  get warnings(): readonly string[] {
    return this.settings.unencrypted_addresses.map(
      (address) =>
        `[DEPRECATION NOTICE]: API is accessible on ${address} without encryption. Access to the remote API is ` +
        'equivalent to the rights of the daemon on the host.',
    );
  }
}

function readMachine(): Machine {
  const os = osRelease();
  return {
    hostname: hostname(),
    kernel: release(),
    operating_system: os.get('PRETTY_NAME') ?? os.get('NAME') ?? '',
    os_version: os.get('VERSION_ID') ?? '',
    architecture: { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch,
    cpus: availableParallelism(),
    memory_bytes: totalmem(),
    node_version: process.versions.node,
    v8_version: process.versions.v8,
  };
}

/** os-release(5). */
function osRelease(): ReadonlyMap<string, string> {
  for (const path of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      const text = readFileSync(path, 'utf8');
      const fields = text.matchAll(/^([A-Z_]+)=(?:"([^"\n]*)"|'([^'\n]*)'|([^\n]*))$/gm);
      return new Map(
        [...fields].map(([, name, ...values]) => [name!, values.find((value) => value !== undefined) ?? '']),
      );
    } catch {
      // Not every system has it.
    }
  }
  return new Map();
}

/** Twelve groups of four letters, as Docker writes such a name. */
function identifier(text: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const letters = Array.from(
    createHash('sha512').update(text).digest().subarray(0, 48),
    (byte) => alphabet[byte & 31]!,
  );
  return letters.join('').replace(/(.{4})(?=.)/g, '$1:');
}
