import { AT_FDCWD, close, memoryFile, O, openAt, userId, write } from '../../os/index.ts';
import { rehearsalImage } from '../inside/rehearsal-image.ts';
import type { GuestJob } from '../job.ts';
import { missingWalls, type Wall } from '../walls.ts';
import { chooseStarter } from './choose.ts';

/** How a guest of our own fared on this machine. */
export interface Trial {
  readonly way: 'fork' | 'spawn';
  readonly why: string;
  readonly walls: readonly Wall[];
  readonly missing: readonly Wall[];
  /** Why it did not run; null when it did. */
  readonly failed: string | null;
}

/** Any user but root; a guest that only prints has nothing to share with another of that number. */
const trial_uid = 0x6fff_ffff;

/** Starts a guest of our own, as a shim does, and tells how it went. */
export async function tryGuest(options: { readonly node: string; readonly script: string }): Promise<Trial> {
  const { starter, why } = chooseStarter({ ...options, layers: [], way: undefined, cache: undefined });
  const image = rehearsalImage();
  const job: GuestJob = {
    args: ['/module.wasm'],
    env: [],
    cwd: '/',
    user: { uid: 0, gid: 0, groups: [] },
    root_read_only: true,
    layers: [{ diff_id: image.diff_id, index_bytes: image.index.length }],
    chain_index_bytes: image.chain_index.length,
    mounts: [],
    touched: [],
    memory_pages_max: 100,
    table_entries_max: 100,
    listening: [],
    code: null,
    host_uid: userId() === 0 ? trial_uid : null,
    all_walls: false,
  };
  const nothing = openAt(AT_FDCWD, '/dev/null', O.RDWR);
  const files = [image.chain_index, image.module, image.index].map((bytes) => {
    const fd = memoryFile('trial');
    write(fd, bytes);
    return fd;
  });
  try {
    const guest = await starter.create({
      job,
      descriptors: [nothing, nothing, nothing, ...files],
      answer: () => {
        throw new Error('the guest of a trial asks for nothing');
      },
      place: () => [],
    });
    guest.start();
    const walls = await guest.running;
    const { status } = await guest.ended;
    const failed = status === 0 ? null : `it ended with ${status}`;
    return { way: starter.way, why, walls, missing: missingWalls(walls), failed };
  } catch (error) {
    return { way: starter.way, why, walls: [], missing: missingWalls([]), failed: (error as Error).message };
  } finally {
    for (const fd of [nothing, ...files]) close(fd);
    starter.close();
  }
}
