import { closeSync, openSync, readFileSync, writeSync, ftruncateSync } from 'node:fs';

import { WherryError } from '../../errors/index.ts';
import { filesystemType, tryLock } from '../../os/index.ts';

const network_filesystems: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb'],
]);

/** The right to the data directory: one process has it, and loses it with its life. */
export interface Lock {
  release(): void;
}

/**
 * Takes the data directory for this process.
 *
 * @throws WherryError FailedPrecondition when another daemon has it or it is on a filesystem where a lock is no lock
 */
export function lockRoot(root: string, path: string): Lock {
  refuseNetwork(root);
  const fd = openSync(path, 'a+', 0o600);
  if (!tryLock(fd)) {
    const holder = readFileSync(path, 'utf8').trim();
    closeSync(fd);
    throw new WherryError(
      'FailedPrecondition',
      `Cannot use the data directory ${root}: another daemon${holder === '' ? '' : ` (pid ${holder})`} is using it. ` +
        'Stop that one or choose another with --data-root.',
    );
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  return { release: () => closeSync(fd) };
}

function refuseNetwork(root: string): void {
  const fd = openSync(root, 'r');
  const name = network_filesystems.get(filesystemType(fd));
  closeSync(fd);
  if (name === undefined) return;
  throw new WherryError(
    'FailedPrecondition',
    `Cannot use the data directory ${root}: it is on ${name}, where the store's database cannot be kept safely. ` +
      'Choose a local one with --data-root.',
  );
}
