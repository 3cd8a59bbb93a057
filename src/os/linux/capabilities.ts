import { SystemError, systemCall } from './library.ts';

const capset = process.arch === 'arm64' ? 91 : 126;
/** _LINUX_CAPABILITY_VERSION_3, for this thread. */
const version_3 = 0x20080522;

const header = Buffer.alloc(8);
const nothing = Buffer.alloc(24);

/**
 * Gives up every capability of this thread for good (with `noNewPrivileges`, which keeps an exec from bringing any).
 * `rehearse` goes the same way and changes nothing.
 */
export function dropCapabilities(rehearse = false): void {
  // The kernel refuses a version that it does not know.
  header.writeUInt32LE(rehearse ? 0 : version_3, 0);
  const result = systemCall(capset, header, nothing);
  if (result < 0 && !rehearse) throw new SystemError('capset', -result);
}
