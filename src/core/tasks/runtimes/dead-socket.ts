import { rmSync } from 'node:fs';
import { connect } from 'node:net';

/** Removes the socket of a shim that is gone, unless somebody else answers there by now. */
export async function removeDeadSocket(address: string): Promise<void> {
  const path = address.replace(/^unix:\/\//, '');
  if (!path.startsWith('/')) return;
  const refused = await new Promise<boolean>((resolve) => {
    const probe = connect({ path });
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
  if (refused) rmSync(path, { force: true });
}
