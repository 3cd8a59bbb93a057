import { registryClientFor } from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import { transfer_credentials_ms_max } from '../../../limits/index.ts';
import { type Credentials, parseLocator, type Reference, type RegistryClient } from '../../../oci/index.ts';
import { packMessage, unpackMessage } from '../../../wire/index.ts';
import { transferRegistry } from '../../../wire/services.ts';
import type { TransferStream } from './streams.ts';

const { AuthRequestSchema, AuthResponseSchema, AuthType } = transferRegistry;

/** One end of a transfer that is a registry. */
export interface RegistryEnd {
  /** As the client wrote it. */
  readonly name: string;
  /** @throws WherryError Unknown with containerd's texts when `name` is no reference */
  reference(): Reference;
  readonly client: RegistryClient;
}

/** @param auth the stream that credentials are asked for on; null when the client has none. */
export function readRegistry(
  { reference, resolver }: transferRegistry.OCIRegistry,
  auth: TransferStream | null,
): RegistryEnd {
  const client = registryClientFor({
    default_scheme: readScheme(resolver?.defaultScheme ?? ''),
    hosts_folder: resolver?.hostDir ?? '',
    headers: { ...resolver?.headers },
    credentials: auth === null ? async () => undefined : asker(auth, reference),
  });
  return { name: reference, reference: () => parseLocator(reference), client };
}

function readScheme(scheme: string): string {
  if (scheme === '' || scheme === 'http' || scheme === 'https') return scheme;
  throw new WherryError('InvalidArgument', `unsupported scheme ${JSON.stringify(scheme.slice(0, 100))}`);
}

/** Asks a client for credentials, one question after the other. */
function asker(auth: TransferStream, reference: string): (host: string) => Promise<Credentials | undefined> {
  let last: Promise<unknown> = Promise.resolve();
  return (host) => {
    const answer = last.then(() => ask(auth, reference, host));
    last = answer.catch(() => {});
    return answer;
  };
}

async function ask(auth: TransferStream, reference: string, host: string): Promise<Credentials | undefined> {
  await auth.send(packMessage(AuthRequestSchema, { host, reference }));
  let timer: NodeJS.Timeout | null = null;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new WherryError('DeadlineExceeded', 'the client gives no credentials')),
      transfer_credentials_ms_max,
    );
    timer.unref();
  });
  try {
    const message = await Promise.race([auth.receive(), late]);
    if (message === null) throw new WherryError('Unknown', 'EOF');
    return readCredentials(unpackMessage(message, AuthResponseSchema));
  } finally {
    if (timer !== null) clearTimeout(timer);
  }
}

function readCredentials({ authType, username, secret }: transferRegistry.AuthResponse): Credentials | undefined {
  if (authType === AuthType.HEADER) return secret === '' ? undefined : { authorization: oneLine(secret) };
  if (authType === AuthType.REFRESH) return secret === '' ? undefined : { identityToken: secret };
  if (authType !== AuthType.CREDENTIALS) return undefined;
  return username === '' && secret === '' ? undefined : { username, password: secret };
}

function oneLine(header: string): string {
  if (/^[\x20-\x7e]+$/.test(header)) return header;
  throw new WherryError('InvalidArgument', 'the client gives a header that is none');
}
