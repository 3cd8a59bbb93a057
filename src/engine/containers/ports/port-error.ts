import { randomBytes } from 'node:crypto';

import type { Networks } from '../../networks.ts';

/**
 * Docker's text for a start that failed at a published port, made of what the shim says; null when it failed
 * otherwise.
 */
export function portError(message: string, name: string, networks: Networks): string | null {
  const parts = /^failed to bind host port (.+):(\d+)\/tcp: (.*)$/.exec(message);
  if (parts === null) return null;
  const [, address = '', port = '', reason] = parts;
  const taken =
    reason === 'address already in use' && networks.isPublished(address.replace(/^\[|\]$/g, ''), Number(port));
  const endpoint = `${name} (${randomBytes(32).toString('hex')})`;
  const why = taken ? `Bind for ${address}:${port} failed: port is already allocated` : message;
  return `failed to set up container networking: driver failed programming external connectivity on endpoint ${endpoint}: ${why}`;
}
