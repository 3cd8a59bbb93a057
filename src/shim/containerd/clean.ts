import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';

import { AT_FDCWD, close, findHierarchies, O, openAt, removeNamedGroup, tryLock } from '../../os/index.ts';
import { complain } from '../complain.ts';
import { readForeignBundle } from './foreign-bundle.ts';
import { runHooks } from './hooks.ts';
import { marker } from './places.ts';
import { unmountRootfs } from './rootfs.ts';

/**
 * Takes away what a container's shim left that was killed: its mounts, its control groups, the shim's own folder; and runs
 * the hooks that end a container. Its processes have ended with the shim.
 */
export async function cleanAfterDeath(
  { bundle, id, namespace }: { readonly bundle: string; readonly id: string; readonly namespace: string },
  program: string,
): Promise<void> {
  attempt(() => unmountRootfs(join(bundle, 'rootfs')));
  try {
    const spec = readForeignBundle(bundle);
    if (spec.group !== null) {
      const from = findHierarchies();
      removeNamedGroup(from, spec.group);
      // The group of a namespace is made by whoever comes first.
      if (dirname(spec.group) === `/${namespace}`) removeNamedGroup(from, dirname(spec.group));
    }
    await runHooks('poststop', 'stopped', { id, bundle, pid: 0, spec }, program);
  } catch (error) {
    complain((error as Error).message);
  }
  attempt(() => rmSync(join(bundle, marker), { force: true }));
  try {
    const address = readFileSync(join(bundle, 'address'), 'utf8').replace(/^unix:\/\//, '');
    await removeFolder(dirname(address));
  } catch (error) {
    complain((error as Error).message);
  }
}

/** The folder of a shim that nobody answers in. */
async function removeFolder(folder: string): Promise<void> {
  const group = dirname(folder);
  if (!existsSync(join(folder, 'door.sock'))) return;
  const lock = openAt(AT_FDCWD, join(group, 'lock'), O.RDWR);
  try {
    // Somebody who starts a shim clears the folder up as well.
    if (!tryLock(lock) || (await answers(join(folder, 'door.sock')))) return;
    rmSync(folder, { recursive: true, force: true });
    if (readdirSync(group).every((name) => name === 'lock')) rmSync(group, { recursive: true, force: true });
  } finally {
    close(lock);
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

function attempt(act: () => void): void {
  try {
    act();
  } catch (error) {
    complain((error as Error).message);
  }
}
