import { release } from 'node:os';

import { WherryError } from '../../../../errors/index.ts';
import { seccomp_profile_bytes_max } from '../../../../limits/index.ts';
import { hostArchitecture } from '../../../images/host-architecture.ts';

/** A condition on one argument of a system call, as the runtime specification has it. */
export interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly value_two?: number;
  readonly op: string;
}

/** Where a rule holds. */
export interface SeccompCondition {
  readonly capabilities?: readonly string[];
  /** In the names of platforms. */
  readonly architectures?: readonly string[];
  /** Since this version of Linux. */
  readonly kernel_min?: readonly [major: number, minor: number];
}

export interface SeccompRule {
  readonly names: readonly string[];
  readonly action: string;
  /** What the call fails with where the action is an error. */
  readonly errno?: number;
  readonly args?: readonly SeccompArgument[];
  /** It holds only where all of this is so: every capability, one of the architectures. */
  readonly only?: SeccompCondition;
  /** It does not hold where any of this is so. */
  readonly unless?: SeccompCondition;
}

/** Which system calls a container may make, still with the conditions under which a rule holds. */
export interface SeccompProfile {
  readonly default_action: string;
  readonly default_errno?: number;
  readonly flags: readonly string[];
  /** By the machine's architecture: itself and those that it runs beside. */
  readonly architectures: Readonly<Record<string, readonly string[]>>;
  readonly rules: readonly SeccompRule[];
}

/** What the conditions of a profile are asked about. */
export interface SeccompSurroundings {
  readonly capabilities: readonly string[];
  readonly architecture: string;
  readonly kernel: string;
}

/** `linux.seccomp` of the runtime specification. */
interface SeccompSpec {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly flags?: readonly string[];
  readonly syscalls: readonly object[];
}

export function surroundingsOf(capabilities: readonly string[]): SeccompSurroundings {
  return { capabilities, architecture: hostArchitecture, kernel: release() };
}

/** The rules that hold for a container with these capabilities on this machine. */
export function seccompSpec(profile: SeccompProfile, surroundings: SeccompSurroundings): SeccompSpec {
  const { default_action, default_errno, flags, architectures, rules } = profile;
  const own = architectures[surroundings.architecture] ?? architectures['*'];
  return {
    defaultAction: default_action,
    ...(default_errno === undefined ? {} : { defaultErrnoRet: default_errno }),
    ...(own === undefined || own.length === 0 ? {} : { architectures: own }),
    ...(flags.length === 0 ? {} : { flags }),
    syscalls: rules.filter((rule) => holds(rule, surroundings)).map(ruleSpec),
  };
}

function ruleSpec({ names, action, errno, args }: SeccompRule): object {
  return {
    names,
    action,
    ...(errno === undefined ? {} : { errnoRet: errno }),
    ...(args === undefined || args.length === 0
      ? {}
      : {
          args: args.map(({ index, value, value_two, op }) => ({
            index,
            value,
            ...(value_two === undefined ? {} : { valueTwo: value_two }),
            op,
          })),
        }),
  };
}

function holds({ only = {}, unless = {} }: SeccompRule, { capabilities, architecture, kernel }: SeccompSurroundings) {
  const has = (capability: string): boolean => capabilities.includes(capability);
  if (only.architectures !== undefined && !only.architectures.includes(architecture)) return false;
  if (only.capabilities?.every(has) === false) return false;
  if (only.kernel_min !== undefined && isOlder(kernel, only.kernel_min)) return false;
  if (unless.architectures?.includes(architecture) === true) return false;
  if (unless.capabilities?.some(has) === true) return false;
  return unless.kernel_min === undefined || isOlder(kernel, unless.kernel_min);
}

function isOlder(kernel: string, [major, minor]: readonly [number, number]): boolean {
  const [own_major = 0, own_minor = 0] = kernel.split(/[.-]/).map(Number);
  return own_major < major || (own_major === major && own_minor < minor);
}

/** Docker's name of an architecture in a profile's `archMap`, by the name of its platform. */
const mapped: Readonly<Record<string, string>> = { SCMP_ARCH_X86_64: 'amd64', SCMP_ARCH_AARCH64: 'arm64' };

/**
 * Reads a profile in the form that Docker documents, which the client has put into `--security-opt seccomp=...`.
 *
 * @throws WherryError InvalidArgument with Docker's text
 */
export function parseSeccompProfile(text: string): SeccompProfile {
  if (Buffer.byteLength(text) > seccomp_profile_bytes_max) wrong(`it has more than ${seccomp_profile_bytes_max} bytes`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    wrong((cause as Error).message);
  }
  const fields = object(parsed, 'the profile');
  const default_action = string(fields['defaultAction'] ?? '', 'defaultAction');
  const map = list(fields['archMap'] ?? [], 'archMap').map((each) => object(each, 'archMap'));
  const plain = strings(fields['architectures'] ?? [], 'architectures');
  if (map.length > 0 && plain.length > 0) wrong("both 'architectures' and 'archMap' are specified");
  const architectures: Record<string, readonly string[]> = plain.length > 0 ? { '*': plain } : {};
  for (const { architecture, subArchitectures } of map) {
    const name = string(architecture ?? '', 'archMap.architecture');
    const platform = mapped[name];
    if (platform === undefined) continue;
    architectures[platform] = [name, ...strings(subArchitectures ?? [], 'archMap.subArchitectures')];
  }
  const default_errno = optionalNumber(fields['defaultErrnoRet'], 'defaultErrnoRet');
  return {
    default_action,
    ...(default_errno === undefined ? {} : { default_errno }),
    flags: strings(fields['flags'] ?? [], 'flags'),
    architectures,
    rules: list(fields['syscalls'] ?? [], 'syscalls').map((each) => parseRule(object(each, 'syscalls'))),
  };
}

function parseRule(fields: Record<string, unknown>): SeccompRule {
  const name = string(fields['name'] ?? '', 'syscalls.name');
  const names = strings(fields['names'] ?? [], 'syscalls.names');
  if (name !== '' && names.length > 0) wrong("both 'name' and 'names' are specified");
  const errno = optionalNumber(fields['errnoRet'], 'syscalls.errnoRet');
  return {
    names: name === '' ? names : [name],
    action: string(fields['action'] ?? '', 'syscalls.action'),
    ...(errno === undefined ? {} : { errno }),
    args: list(fields['args'] ?? [], 'syscalls.args').map((each) => argument(object(each, 'syscalls.args'))),
    only: condition(fields['includes'], 'includes'),
    unless: condition(fields['excludes'], 'excludes'),
  };
}

function argument(fields: Record<string, unknown>): SeccompArgument {
  const value_two = optionalNumber(fields['valueTwo'], 'syscalls.args.valueTwo');
  return {
    index: number(fields['index'] ?? 0, 'syscalls.args.index'),
    value: number(fields['value'] ?? 0, 'syscalls.args.value'),
    ...(value_two === undefined ? {} : { value_two }),
    op: string(fields['op'] ?? '', 'syscalls.args.op'),
  };
}

function condition(value: unknown, name: string): SeccompCondition {
  const fields = object(value ?? {}, `syscalls.${name}`);
  const capabilities = strings(fields['caps'] ?? [], `syscalls.${name}.caps`);
  const architectures = strings(fields['arches'] ?? [], `syscalls.${name}.arches`);
  const kernel = string(fields['minKernel'] ?? '', `syscalls.${name}.minKernel`);
  const [, major, minor] = /^(\d{1,5})\.(\d{1,5})$/.exec(kernel) ?? [];
  if (kernel !== '' && major === undefined) wrong(`syscalls.${name}.minKernel is no version: "${kernel}"`);
  return {
    ...(capabilities.length === 0 ? {} : { capabilities }),
    ...(architectures.length === 0 ? {} : { architectures }),
    ...(major === undefined ? {} : { kernel_min: [Number(major), Number(minor)] as const }),
  };
}

function wrong(why: string): never {
  throw new WherryError('InvalidArgument', `Decoding seccomp profile failed: ${why}`);
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  return wrong(`${name} is no object`);
}

function list(value: unknown, name: string): readonly unknown[] {
  return Array.isArray(value) ? value : wrong(`${name} is no list`);
}

function string(value: unknown, name: string): string {
  return typeof value === 'string' ? value : wrong(`${name} is no text`);
}

function strings(value: unknown, name: string): readonly string[] {
  return list(value, name).map((each) => string(each, name));
}

function number(value: unknown, name: string): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : wrong(`${name} is no number`);
}

function optionalNumber(value: unknown, name: string): number | undefined {
  return value === undefined || value === null ? undefined : number(value, name);
}
