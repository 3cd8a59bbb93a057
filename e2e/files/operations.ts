/** What a guest does to its files: operations of preview 1, as the kernel's side is told them. */
import fc from 'fast-check';

import { any_path, any_target, any_text, any_time } from './tree.ts';

/**
 * A verb and its operands, in the order in which `kernel.c` and `guest.ts` read them. A descriptor is the number of a
 * slot; slot 0 is the root.
 */
export type Operation = readonly [string, ...(string | number)[]];

export const slots = 4;

const directory_slot = fc.oneof(
  { weight: 8, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: slots - 1 }) },
);
const slot = fc.integer({ min: 1, max: slots - 1 });
const follow = fc.constantFrom('l', '-');
const count = fc.constantFrom(0, 1, 5, 20, 400);
const offset = fc.constantFrom(0, 1, 7, 15, 300, 5000);
const time = fc.oneof(
  { weight: 4, arbitrary: any_time.map(String) },
  { weight: 1, arbitrary: fc.constantFrom('now', 'keep') },
);

/** Letters: r read, w write, c create, x exclusive, t truncate, d directory, a append, l follow. */
const how = fc
  .record({
    access: fc.constantFrom('r', 'r', 'w', 'rw', 'rw'),
    oflags: fc.constantFrom('', '', '', 'd', 'c', 'c', 'cx', 't', 'ct'),
    append: fc.constantFrom('', '', '', 'a'),
    follow: fc.constantFrom('l', 'l', ''),
  })
  .map((letters) => Object.values(letters).join(''));

const tuple = (verb: string, ...operands: fc.Arbitrary<string | number>[]): fc.Arbitrary<Operation> =>
  fc.tuple(...operands).map((given): Operation => [verb, ...given]);

const weighted = (weight: number, verb: string, ...operands: fc.Arbitrary<string | number>[]) => ({
  weight,
  arbitrary: tuple(verb, ...operands),
});

const any_operation: fc.Arbitrary<Operation> = fc.oneof(
  weighted(14, 'open', directory_slot, slot, any_path, how),
  weighted(3, 'read', slot, count),
  weighted(2, 'pread', slot, count, offset),
  weighted(5, 'write', slot, any_text),
  weighted(2, 'pwrite', slot, any_text, offset),
  weighted(2, 'seek', slot, fc.constantFrom(0, 3, -2, 1000, -1000), fc.constantFrom(0, 1, 2)),
  weighted(1, 'setflags', slot, fc.constantFrom('a', '-')),
  weighted(2, 'size', slot, offset),
  weighted(1, 'allocate', slot, offset, fc.constantFrom(1, 100, 5000)),
  weighted(2, 'fdstat', slot),
  weighted(1, 'fdtimes', slot, time, time),
  weighted(2, 'list', directory_slot, fc.constantFrom(40, 300, 4096)),
  weighted(1, 'sweep', directory_slot, fc.constantFrom(40, 300, 4096)),
  weighted(1, 'close', slot),
  weighted(1, 'renumber', slot, slot),
  weighted(5, 'mkdir', directory_slot, any_path),
  weighted(5, 'rmdir', directory_slot, any_path),
  weighted(6, 'unlink', directory_slot, any_path),
  weighted(10, 'rename', directory_slot, any_path, directory_slot, any_path),
  weighted(6, 'link', directory_slot, any_path, directory_slot, any_path, follow),
  weighted(7, 'symlink', directory_slot, any_path, any_target),
  weighted(4, 'readlink', directory_slot, any_path, fc.constantFrom(1000, 1000, 3)),
  weighted(8, 'stat', directory_slot, any_path, follow),
  weighted(4, 'times', directory_slot, any_path, follow, time, time),
);

export const any_operations: fc.Arbitrary<Operation[]> = fc.array(any_operation, {
  minLength: 1,
  maxLength: 30,
  size: 'max',
});
