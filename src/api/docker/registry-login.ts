import * as v from 'valibot';

import type { RegistryLogin } from '../../engine/index.ts';
import { parseBody } from './parse-body.ts';

const text = v.nullish(v.string(), '');

/** Docker's `AuthConfig`. */
const authConfig = v.object({
  username: text,
  password: text,
  auth: text,
  serveraddress: text,
  identitytoken: text,
  registrytoken: text,
});

/**
 * Reads an `AuthConfig` that a client sent.
 *
 * @throws WherryError InvalidArgument
 */
export function parseLogin(value: unknown): RegistryLogin {
  const { username, password, auth, serveraddress, identitytoken, registrytoken } = parseBody(authConfig, value);
  const [fromAuth = '', ...rest] = Buffer.from(auth, 'base64').toString().split(':');
  return {
    username: username === '' ? fromAuth : username,
    password: password === '' ? rest.join(':') : password,
    identityToken: identitytoken,
    registryToken: registrytoken,
    serverAddress: serveraddress,
  };
}

/** The `X-Registry-Auth` of a pull: base64 of an `AuthConfig`. As in Docker, one that cannot be read counts as none. */
export function loginFromHeader(header: string | string[] | undefined): RegistryLogin | null {
  if (typeof header !== 'string' || header === '') return null;
  try {
    return parseLogin(JSON.parse(Buffer.from(header, 'base64url').toString()));
  } catch {
    return null;
  }
}
