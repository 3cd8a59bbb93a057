import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { WherryError } from '../../../errors/index.ts';
import { readBootstrapResult } from '../../../wire/index.ts';

/** How a shim is reached, as it said itself when it was started. */
export interface Bootstrap {
  /** Of containerd's Task service: 2 or 3. */
  readonly version: 2 | 3;
  readonly address: string;
}

/**
 * Reads what a shim's program printed at its start: a message of BootstrapResult, JSON with the same fields, or, of an
 * older one, the bare address.
 *
 * @throws WherryError Unimplemented for a version or protocol that is not spoken here, in containerd's words
 */
export function parseBootstrap(printed: Buffer): Bootstrap {
  const text = printed.toString('utf8').trim();
  const said = fromJson(text) ?? readBootstrapResult(printed);
  if (said === null || said.version < 2) return { version: 2, address: text };
  const { version, address, protocol } = said;
  if (version > 3) throw new WherryError('Unimplemented', `unsupported shim version (${version}): not implemented`);
  if (protocol.toLowerCase() !== 'ttrpc')
    throw new WherryError('Unimplemented', `unexpected protocol: ${JSON.stringify(protocol)}`);
  return { version: version === 3 ? 3 : 2, address };
}

interface Said {
  readonly version: number;
  readonly address: string;
  readonly protocol: string;
}

function fromJson(text: string): Said | null {
  if (!text.startsWith('{')) return null;
  try {
    const { version, address, protocol } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    if (typeof version !== 'number' || typeof address !== 'string' || typeof protocol !== 'string') return null;
    return { version, address, protocol };
  } catch {
    return null;
  }
}

const file_name = 'bootstrap.json';

/** Keeps it for a daemon that starts while the shim runs. */
export function writeBootstrap(bundle: string, { version, address }: Bootstrap): void {
  const path = join(bundle, file_name);
  writeFileSync(`${path}.new`, JSON.stringify({ version, address, protocol: 'ttrpc' }), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** How the shim of a bundle is reached: what was kept, or the file `address` that an older shim wrote; null for none. */
export function keptBootstrap(bundle: string): Bootstrap | null {
  for (const name of [file_name, 'address']) {
    try {
      const found = parseBootstrap(readFileSync(join(bundle, name)));
      if (found.address !== '') return found;
    } catch {
      // The next one may be whole.
    }
  }
  return null;
}
