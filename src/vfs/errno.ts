import { errno as linux, SystemError } from '../os/index.ts';
import { type Errno, type ErrnoName, errno as preview1, fail } from '../wasi/index.ts';

const byLinuxNumber = new Map<number, Errno>();
for (const [name, number] of Object.entries(linux)) {
  const short = name.slice(1);
  if (short in preview1) byLinuxNumber.set(number, fail(short as ErrnoName));
}
byLinuxNumber.set(linux.EOPNOTSUPP, fail('NOTSUP'));

const byNumber = new Map<number, Errno>();
for (const name of Object.keys(preview1) as ErrnoName[]) byNumber.set(preview1[name], fail(name));

/** What a failed system call means to a guest. */
export function errnoOf(error: SystemError): Errno {
  return byLinuxNumber.get(error.errno) ?? fail('IO');
}

/** The `Errno` of a number of preview 1, as it came over a channel. */
export function errnoOfNumber(number: number): Errno {
  return byNumber.get(number) ?? fail('IO');
}

/** Runs system calls and turns their failure into an `Errno`. */
export function translated<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof SystemError) throw errnoOf(error);
    throw error;
  }
}
