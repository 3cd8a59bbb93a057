import { readFileSync } from 'node:fs';

/** Every capability by its number in the kernel: capability.h. */
const by_number: readonly string[] = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

/** Without the prefix. */
export const capability_names: ReadonlySet<string> = new Set(by_number.map((name) => name.slice('CAP_'.length)));

/** What a container has that nobody said anything about: Docker's fourteen, in its order. */
const defaults: readonly string[] = (
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL ' +
  'AUDIT_WRITE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

/** The capabilities that this process could pass on, by the mask that proc(5) shows. */
export function capabilitiesIn(mask: bigint): readonly string[] {
  return by_number.filter((_, bit) => ((mask >> BigInt(bit)) & 1n) === 1n);
}

let own: readonly string[] | null = null;

/** What this process may pass on: `--privileged` and `ALL` mean these. */
export function ownCapabilities(): readonly string[] {
  if (own !== null) return own;
  const mask = /^CapBnd:\s*([0-9a-f]{1,16})$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
  own = capabilitiesIn(BigInt(`0x${mask}`));
  return own;
}

export interface CapabilityRequest {
  readonly privileged: boolean;
  readonly add: readonly string[];
  readonly drop: readonly string[];
}

/** What a container has: Docker's defaults, less what is dropped, with what is added. `ALL` is `own`. */
export function capabilitiesOf(
  { privileged, add, drop }: CapabilityRequest,
  own_capabilities: readonly string[],
): readonly string[] {
  if (privileged) return own_capabilities;
  const dropped = drop.map(fullName);
  const added = add.map(fullName);
  if (added.includes('ALL')) return own_capabilities.filter((name) => !dropped.includes(name));
  if (dropped.includes('ALL')) return unique(added);
  return unique([...defaults.filter((name) => !dropped.includes(name)), ...added]);
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

function fullName(text: string): string {
  const plain = text.toUpperCase().replace(/^CAP_/, '');
  return plain === 'ALL' ? plain : `CAP_${plain}`;
}
