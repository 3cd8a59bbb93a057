import { bareModulePath } from '../../oci/index.ts';
import { AT_FDCWD, close, memoryFile, O, openAt, sendMessage, socketPair, userId, write } from '../../os/index.ts';
import { encodeFrame, frame, type GuestJob } from '../job.ts';
import { becomeChild, type Places } from './child.ts';
import { openGuest } from './open-guest.ts';
import { openDescriptors } from './open-descriptors.ts';
import { rehearsalImage } from './rehearsal-image.ts';
import { serveGuest } from './serve.ts';
import type { Walls } from './walls/index.ts';

/** Far from what a zygote has open. */
const places: Places = { stdio: [790, 791, 792], channel: 800, last: 806, eventfds: [805] };

/** What the calls that set a user take for: as it is. */
const unchanged = 0xffffffff;

/**
 * Goes the whole way of a child in this process, with a small guest of our own whose output goes nowhere: every
 * function on that way is then compiled, every call into the kernel bound. `walls` are those of a rehearsal.
 */
export function rehearse(walls: Walls): void {
  const before = openDescriptors();
  const image = rehearsalImage();
  const job: GuestJob = {
    args: [bareModulePath, 'x'],
    env: ['PATH=/bin', 'HOME=/'],
    cwd: '/',
    user: { uid: 0, gid: 0, groups: [] },
    root_read_only: false,
    layers: [{ diff_id: image.diff_id, index_bytes: image.index.length }],
    chain_index_bytes: image.chain_index.length,
    mounts: ['/etc/hostname', '/etc/hosts', '/etc/resolv.conf'].map((path, i) => ({
      path,
      id: i + 1,
      kind: 'file',
      read_only: false,
    })),
    touched: [],
    memory_pages_max: 65_536,
    table_entries_max: 10_000_000,
    listening: [],
    code: null,
    host_uid: userId() === 0 ? unchanged : null,
    all_walls: false,
  };
  const nothing = openAt(AT_FDCWD, '/dev/null', O.RDWR);
  const [shim, guest] = socketPair();
  sendMessage(shim, encodeFrame(frame.descriptors), [
    nothing,
    nothing,
    nothing,
    file(image.chain_index),
    file(image.module),
    file(image.index),
  ]);
  sendMessage(shim, encodeFrame(frame.job, Buffer.from(JSON.stringify(job))));
  sendMessage(shim, encodeFrame(frame.go));
  sendMessage(shim, encodeFrame(frame.start));
  const channel = becomeChild(guest, nothing, 0, places);
  walls.raiseFirst();
  const code = serveGuest(channel, places.stdio, walls, openGuest);
  if (code !== 0) throw new Error(`the rehearsal ended with ${code}`);
  for (const fd of openDescriptors().keys()) if (!before.has(fd)) close(fd);
}

function file(bytes: Uint8Array): number {
  const fd = memoryFile('rehearsal');
  write(fd, bytes);
  return fd;
}
