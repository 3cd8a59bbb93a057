import { readdirSync, readlinkSync } from 'node:fs';
import v8 from 'node:v8';

import { close, closeRange, dieWithParent, duplicateOnto, eventDescriptor, fillRandom } from '../../os/index.ts';
import { frame } from '../job.ts';
import { type Channel, openChannel } from './channel.ts';

const SIGKILL = 9;

let eventfds: readonly number[] = [];

/**
 * Notes, in the zygote, which descriptors are libuv's eventfds: V8 still wakes the loop through them in a child. Were
 * they closed, the process would abort; were their numbers a guest's file, eight bytes would be written into it.
 */
export function rememberInheritance(): void {
  const found: number[] = [];
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${name}`) === 'anon_inode:[eventfd]') found.push(Number(name));
    } catch {
      // The descriptor of the listing itself.
    }
  }
  eventfds = found.toSorted((a, b) => a - b);
}

/** Numbers of descriptors that a child makes its own; a rehearsal uses others, far from those of the zygote. */
export interface Places {
  /** Where the channel goes; all above it is closed, up to `last`. */
  readonly channel: number;
  readonly last: number;
  /** Numbers that V8 holds for libuv's eventfds. */
  readonly eventfds: readonly number[];
}

/** The numbers in a real child. Known once `rememberInheritance` was called. */
export function childPlaces(): Places {
  return { channel: 3, last: 0x7fffffff, eventfds };
}

/**
 * The first steps of a forked child: dies with its zygote, owns nothing but its channel (the zygote's standard
 * streams are /dev/null), has randomness of its own. `ring` tells the shim that the child's first message waits on
 * the channel. What a child inherits (no new privileges, no core dumps) the zygote has set for itself.
 */
export function becomeChild(channel: number, ring: () => void, places: Places): Channel {
  dieWithParent(SIGKILL);
  openChannel(channel).send(frame.started);
  ring();
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
