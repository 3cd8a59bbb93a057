import { close } from './descriptors.ts';
import { SystemError, systemCall } from './library.ts';

// The same numbers on every architecture.
const landlock_create_ruleset = 444;
const landlock_restrict_self = 446;

const LANDLOCK_CREATE_RULESET_VERSION = 1;

/** The landlock interface of this kernel, which counts up from 1; 0 where there is none or it is switched off. */
export function landlockVersion(): number {
  const version = systemCall(landlock_create_ruleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION);
  return version < 0 ? 0 : version;
}

/** What can be done to files, by the version that brought it: the first has 13 rights, later ones add one each. */
function fileRights(version: number): bigint {
  const count = version >= 5 ? 16 : version >= 3 ? 15 : version >= 2 ? 14 : 13;
  return (1n << BigInt(count)) - 1n;
}

/** Binding and connecting TCP. */
const network_rights = 0b11n;
/** Abstract unix sockets and signals, outside of the own domain. */
const scopes = 0b11n;

const rules_buffer = Buffer.alloc(24);

/**
 * Denies this thread for good all that landlock of `version` knows to deny: every file by its path; TCP from version 4;
 * abstract unix sockets and signals to processes outside from version 6. Descriptors that are open already, or come
 * from outside, stay as they are. Needs `noNewPrivileges`. Threads that already run are not held: for a process with
 * one. `rehearse` goes the same way and changes nothing.
 */
export function denyByLandlock(version: number, rehearse = false): void {
  rules_buffer.writeBigUInt64LE(fileRights(version), 0);
  rules_buffer.writeBigUInt64LE(version >= 4 ? network_rights : 0n, 8);
  rules_buffer.writeBigUInt64LE(version >= 6 ? scopes : 0n, 16);
  const size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
  const rules = systemCall(landlock_create_ruleset, rules_buffer, size, 0);
  if (rules < 0) throw new SystemError('landlock_create_ruleset', -rules);
  const result = systemCall(landlock_restrict_self, rehearse ? -1 : rules, 0);
  close(rules);
  if (result < 0 && !rehearse) throw new SystemError('landlock_restrict_self', -result);
}
