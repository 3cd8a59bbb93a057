/** Filters of system calls (seccomp). What a guest is left with is its room's business; here is how it is said. */
import { addressOf, SystemError, systemCall } from './library.ts';
import { errno } from './errno.ts';
import { numberOf, type SystemCallName } from './system-call-numbers.ts';

/** A system call that a filter lets through: always, or when its `argument`th (from 0) has one of these values. */
export interface AllowedCall {
  readonly name: SystemCallName;
  /** Compared in their lower 32 bits: what the kernel takes of an `int`. All of them must hold. */
  readonly only?: readonly { readonly argument: number; readonly values: readonly (number | 'own process')[] }[];
}

/** A filter as the kernel takes it: 8 bytes an instruction. Written once and handed on to forked children. */
export interface Filter {
  readonly bytes: Buffer;
  /** Where the number of the process goes that the filter is for. */
  readonly own_process_at: readonly number[];
}

/** AUDIT_ARCH_*: which table a number is looked up in. */
const audit_architectures: Readonly<Record<string, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };

const LOAD = 0x20;
const JUMP_EQUAL = 0x15;
const JUMP_AT_LEAST = 0x35;
const RETURN = 0x06;
const RETURN_ALLOW = 0x7fff0000;
const RETURN_ERRNO = 0x00050000;
/** Numbers from here on are those of another ABI on x86-64 (x32). */
const x32_bit = 0x40000000;

/** Offsets in `struct seccomp_data`. */
const number_at = 0;
const architecture_at = 4;
const argumentAt = (argument: number): number => 16 + argument * 8;

/** Whether filters can be written for this architecture. */
export function knowsSystemCalls(): boolean {
  return audit_architectures[process.arch] !== undefined;
}

/**
 * A filter that lets `allowed` through and answers all else with EPERM; calls by the numbers of another architecture
 * with ENOSYS.
 */
export function writeFilter(allowed: readonly AllowedCall[]): Filter {
  const architecture = audit_architectures[process.arch];
  if (architecture === undefined) throw new Error(`no filter of system calls can be written for ${process.arch}`);
  const code: Instruction[] = [
    [LOAD, 0, 0, architecture_at],
    [JUMP_EQUAL, 1, 0, architecture],
    [RETURN, 0, 0, RETURN_ERRNO | errno.ENOSYS],
    [LOAD, 0, 0, number_at],
    [JUMP_AT_LEAST, 0, 1, x32_bit],
    [RETURN, 0, 0, RETURN_ERRNO | errno.ENOSYS],
  ];
  for (const { name, only = [] } of allowed) {
    const number = numberOf(name);
    if (number === null) continue;
    const checks = only.flatMap(({ argument, values }): Instruction[] => [
      [LOAD, 0, 0, argumentAt(argument)],
      ...values.map((value, i): Instruction => [JUMP_EQUAL, values.length - i, 0, value]),
      [RETURN, 0, 0, RETURN_ERRNO | errno.EPERM],
    ]);
    code.push([JUMP_EQUAL, 0, checks.length + 1, number], ...checks, [RETURN, 0, 0, RETURN_ALLOW]);
  }
  code.push([RETURN, 0, 0, RETURN_ERRNO | errno.EPERM]);
  const bytes = Buffer.alloc(code.length * 8);
  const own_process_at: number[] = [];
  for (const [i, [operation, if_true, if_false, value]] of code.entries()) {
    bytes.writeUInt16LE(operation, i * 8);
    bytes.writeUInt8(if_true, i * 8 + 2);
    bytes.writeUInt8(if_false, i * 8 + 3);
    if (value === 'own process') own_process_at.push(i * 8 + 4);
    else bytes.writeUInt32LE(value >>> 0, i * 8 + 4);
  }
  return { bytes, own_process_at };
}

/** Operation, how many instructions to pass over if true, if false, and the value compared with. */
type Instruction = readonly [number, number, number, number | 'own process'];

const seccomp = process.arch === 'arm64' ? 277 : 317;
const SECCOMP_SET_MODE_FILTER = 1;
const SECCOMP_FILTER_FLAG_TSYNC = 1;

const program_buffer = Buffer.alloc(16);

/**
 * Puts a filter of `writeFilter` in force for every thread of this process, for good. Needs `noNewPrivileges`.
 * `rehearse` goes the same way and changes nothing.
 */
export function filterSystemCalls({ bytes, own_process_at }: Filter, rehearse = false): void {
  for (const at of own_process_at) bytes.writeInt32LE(process.pid, at);
  // A filter without instructions is refused.
  program_buffer.writeUInt16LE(rehearse ? 0 : bytes.length / 8, 0);
  program_buffer.writeBigUInt64LE(addressOf(bytes), 8);
  const result = systemCall(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, program_buffer);
  // A positive result is a thread that could not follow.
  if (result !== 0 && !rehearse) throw new SystemError('seccomp', result < 0 ? -result : errno.ESRCH);
}

/** Whether the kernel filters system calls for every thread at once. */
export function canFilterSystemCalls(): boolean {
  // Without a program: known is what fails for the missing program.
  return systemCall(seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, 0) === -errno.EFAULT;
}
