import v8 from 'node:v8';

import { close, closeRange, dieWithParent, duplicateOnto, eventDescriptor, fillRandom, write } from '../../os/index.ts';
import { encodeReport, report } from '../control.ts';
import { frame } from '../job.ts';
import { type Channel, openChannel } from './channel.ts';
import { openDescriptors } from './open-descriptors.ts';

const SIGKILL = 9;

let eventfds: readonly number[] = [];

/**
 * Notes, in the zygote, which descriptors are libuv's eventfds: V8 still wakes the loop through them in a child. Were
 * they closed, the process would abort; were their numbers a guest's file, eight bytes would be written into it.
 */
export function rememberInheritance(): void {
  eventfds = [...openDescriptors()]
    .filter(([, what]) => what === 'anon_inode:[eventfd]')
    .map(([fd]) => fd)
    .toSorted((a, b) => a - b);
}

/** Numbers of descriptors that a child makes its own; a rehearsal uses others, far from those of the zygote. */
export interface Places {
  /** Where the guest's standard streams go. */
  readonly stdio: readonly [number, number, number];
  /** Where the channel goes; all above it is closed, up to `last`. */
  readonly channel: number;
  readonly last: number;
  /** Numbers that V8 holds for libuv's eventfds. */
  readonly eventfds: readonly number[];
}

/** The numbers in a real child. Known once `rememberInheritance` was called. */
export function childPlaces(): Places {
  return { stdio: [0, 1, 2], channel: 3, last: 0x7fffffff, eventfds };
}

/**
 * The first steps of a forked child: dies with its zygote, owns nothing but its channel (the zygote's standard
 * streams are /dev/null), has randomness of its own. A report on `control` tells the shim that the child's first
 * message waits on the channel. What a child inherits (no new privileges, no core dumps) the zygote has set for itself.
 */
export function becomeChild(channel: number, control: number, job: number, places: Places): Channel {
  dieWithParent(SIGKILL);
  openChannel(channel).send(frame.started);
  write(control, encodeReport(report.started, job, 0, 0));
  return keepOnly(channel, places);
}

function keepOnly(channel: number, places: Places): Channel {
  duplicateOnto(channel, places.channel, true);
  let first = places.channel + 1;
  for (const fd of places.eventfds) {
    if (fd > first) closeRange(first, fd - 1);
    first = fd + 1;
  }
  closeRange(first, places.last);
  for (const fd of places.eventfds) {
    const fresh = eventDescriptor();
    duplicateOnto(fresh, fd, true);
    close(fresh);
  }
  const seed = Buffer.alloc(4);
  fillRandom(seed);
  v8.setFlagsFromString(`--random-seed=${seed.readUInt32LE(0) >>> 1}`);
  return openChannel(places.channel);
}
