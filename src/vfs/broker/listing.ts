import { listDirectory, type ListedEntry, seek } from '../../os/index.ts';
import { fail } from '../../wasi/index.ts';

/** Gives the entries of an open directory from an offset on, without `.` and `..`, until `take` answers false. */
export function listFrom(fd: number, offset: bigint, take: (entry: ListedEntry) => boolean): void {
  if (offset > 0x7fff_ffff_ffff_ffffn) throw fail('INVAL');
  seek(fd, offset, 0);
  for (let entries = listDirectory(fd); entries.length > 0; entries = listDirectory(fd)) {
    for (const entry of entries) {
      if (entry.name !== '.' && entry.name !== '..' && !take(entry)) return;
    }
  }
}
