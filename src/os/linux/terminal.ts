import { bind, check } from './library.ts';
import { O } from './descriptors.ts';
import { AT_FDCWD, openAt } from './paths.ts';

const c = bind({
  ioctl: { arguments: ['int32', 'uint64', 'uint64'], return: 'int32' },
  isatty: { arguments: ['int32'], return: 'int32' },
});
const withBuffer = bind({ ioctl: { arguments: ['int32', 'uint64', 'buffer'], return: 'int32' } });

const TIOCSPTLCK = 0x40045431n;
const TIOCGPTPEER = 0x5441n;
const TIOCSWINSZ = 0x5414n;
const O_NOCTTY = 0o400;

/** A pseudo terminal: `master` is the side that reads what the program prints. */
export interface Terminal {
  readonly master: number;
  readonly slave: number;
}

/** Opens a new pseudo terminal; neither side becomes the controlling terminal of this process. */
export function openTerminal(): Terminal {
  const master = openAt(AT_FDCWD, '/dev/ptmx', O.RDWR | O_NOCTTY);
  check('ioctl', withBuffer.ioctl(master, TIOCSPTLCK, Buffer.alloc(4)), 'TIOCSPTLCK');
  const slave = check('ioctl', c.ioctl(master, TIOCGPTPEER, BigInt(O.RDWR | O_NOCTTY | O.CLOEXEC)), 'TIOCGPTPEER');
  return { master, slave };
}

/** Sets the size in characters. */
export function resizeTerminal(fd: number, width: number, height: number): void {
  const size = Buffer.alloc(8);
  size.writeUInt16LE(height, 0);
  size.writeUInt16LE(width, 2);
  check('ioctl', withBuffer.ioctl(fd, TIOCSWINSZ, size), 'TIOCSWINSZ');
}

export function isTerminal(fd: number): boolean {
  return c.isatty(fd) === 1;
}
