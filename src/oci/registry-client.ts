import { WherryError } from '../errors/index.ts';
import { manifest_bytes_max, registry_retries_max, registry_retry_ms } from '../limits/index.ts';
import type { Descriptor } from './descriptor.ts';
import { digestOf, isDigest, verifyDigest } from './digest.ts';
import type { Digester } from './hasher.ts';
import { JsonFields } from './json-fields.ts';
import { isIndexType, isManifestType, isSchema1Type, manifestAccept, mediaType } from './media-types.ts';
import { defaultTag, fullString, type Reference } from './reference.ts';
import { registryText } from './registry-error.ts';
import { discardBody, type FetchResponse, readBody } from './registry-fetch.ts';
import {
  type RegistryHost,
  type RegistryRequest,
  RegistryTransport,
  type TransportOptions,
} from './registry-transport.ts';
import { dockerWords, type Refusal, type RegistryWords } from './registry-words.ts';

export interface RegistryClientOptions extends TransportOptions {
  readonly digester: Digester;
  /** How refusals are told; Docker's words when left out. */
  readonly words?: RegistryWords;
  /** The hosts that serve a domain, mirrors first; the domain's own when left out. */
  readonly hosts?: (domain: string) => Promise<readonly RegistryHost[]>;
}

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  /** As the registry sent them; they hash to the descriptor's digest. */
  readonly bytes: Uint8Array;
}

export interface FetchBlobOptions {
  /** Bytes that are already there. */
  readonly offset?: number;
  readonly signal?: AbortSignal;
}

/**
 * Pulls from OCI registries (distribution-spec 1.1, "Pull"). References must be normalised. Errors carry Docker's
 * texts; nothing is given out as a manifest or document before it is checked against its digest.
 */
export class RegistryClient {
  readonly #options: RegistryClientOptions;
  readonly #words: RegistryWords;
  readonly #transports: Map<string, Promise<readonly RegistryTransport[]>> = new Map();

  constructor(options: RegistryClientOptions) {
    this.#options = options;
    this.#words = options.words ?? dockerWords;
  }

  /** What a reference points to now, without fetching it: a manifest or an index. Throws `NotFound`. */
  async resolve(reference: Reference, signal?: AbortSignal): Promise<Descriptor> {
    const response = await this.#manifest('HEAD', reference, signal);
    const digest = reference.digest ?? response.headers.get('docker-content-digest') ?? '';
    const size = Number(response.headers.get('content-length') ?? NaN);
    const type = typeOf(response);
    await discardBody(response);
    const isKnown = isIndexType(type) || isManifestType(type) || isSchema1Type(type);
    if (isKnown && isDigest(digest) && Number.isSafeInteger(size) && size > 0) return { mediaType: type, digest, size };
    return (await this.fetchManifest(reference, signal)).descriptor;
  }

  /** Fetches the manifest or index of a reference. Throws `NotFound`, `DataLoss` when it is not what its digest says. */
  async fetchManifest(reference: Reference, signal?: AbortSignal): Promise<FetchedManifest> {
    const response = await this.#manifest('GET', reference, signal);
    const bytes = await readBody(response, manifest_bytes_max);
    const name = fullString(reference);
    if (bytes === undefined) {
      const problem = `it has more than ${manifest_bytes_max} bytes`;
      throw new WherryError('ResourceExhausted', `cannot read the manifest of ${name}: ${problem}`);
    }
    const told = response.headers.get('docker-content-digest');
    const expected = reference.digest ?? (told !== null && isDigest(told) ? told : undefined);
    if (expected !== undefined) verifyDigest(bytes, expected, `the manifest of ${name}`, this.#options.digester);
    const digest = expected ?? digestOf(bytes, this.#options.digester);
    return { descriptor: { mediaType: manifestType(response, bytes, name), digest, size: bytes.length }, bytes };
  }

  /** Fetches a small blob whole, such as a config, and checks it. */
  async fetchDocument(
    reference: Reference,
    descriptor: Descriptor,
    bytes_max: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const name = `${descriptor.digest} of ${fullString(reference)}`;
    if (descriptor.size > bytes_max) {
      const problem = `it has ${descriptor.size} bytes, more than ${bytes_max}`;
      throw new WherryError('ResourceExhausted', `cannot fetch ${name}: ${problem}`);
    }
    const bytes = new Uint8Array(descriptor.size);
    let at = 0;
    for await (const piece of this.fetchBlob(reference, descriptor, signal === undefined ? {} : { signal })) {
      bytes.set(piece, at);
      at += piece.length;
    }
    verifyDigest(bytes, descriptor.digest, name, this.#options.digester);
    return bytes;
  }

  /**
   * Streams a blob from `offset` to its end, exactly as many bytes as its descriptor says; a broken connection is
   * taken up again where it broke. The bytes are NOT checked against the digest: whoever stores them does that before
   * anything is visible.
   */
  async *fetchBlob(
    reference: Reference,
    descriptor: Descriptor,
    options: FetchBlobOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { size } = descriptor;
    let at = options.offset ?? 0;
    let failures = 0;
    while (at < size) {
      let problem: unknown;
      try {
        for await (const piece of this.#blobFrom(reference, descriptor, at, options.signal)) {
          if (at + piece.length > size) throw tooLong(reference, descriptor);
          at += piece.length;
          failures = 0;
          yield piece;
        }
        problem = new WherryError('DataLoss', `the connection ended after ${at} of ${size} bytes`);
      } catch (error) {
        if (options.signal?.aborted === true || (error instanceof WherryError && !isTransient(error))) throw error;
        problem = error;
      }
      if (at < size) {
        if (++failures > registry_retries_max) throw gaveUp(reference, descriptor, problem);
        await sleep(registry_retry_ms * 2 ** (failures - 1), options.signal);
      }
    }
  }

  /**
   * Checks that the credentials of a registry are good (`docker login`). Throws `Unauthenticated` with the
   * registry's text.
   */
  async login(domain: string, signal?: AbortSignal): Promise<void> {
    const transport = await this.#hostFor(domain, 'resolve');
    const response = await transport.request({ method: 'GET', path: '/', signal });
    if (response.status === 200) {
      await discardBody(response);
      return;
    }
    const text = await registryText(response);
    if (response.status === 401) throw new WherryError('Unauthenticated', text);
    const attempt = `login attempt to ${transport.origin}/v2/ failed with status: ${response.status} ${text}`;
    throw new WherryError('Unknown', attempt);
  }

  async #manifest(
    method: 'GET' | 'HEAD',
    reference: Reference,
    signal: AbortSignal | undefined,
  ): Promise<FetchResponse> {
    const wanted = reference.digest ?? reference.tag ?? defaultTag;
    const request: RegistryRequest = {
      method,
      path: `/${reference.path}/manifests/${wanted}`,
      headers: { accept: manifestAccept.join(', ') },
      repository: reference.path,
      signal,
    };
    const { response, transport } = await this.#first(reference, 'resolve', request);
    if (response.status === 200) return response;
    const { status } = response;
    if (status === 404) {
      await discardBody(response);
      throw this.#words.missing(reference);
    }
    const refusal = await refusalOf(reference, transport, request, response);
    if (status === 401 || status === 403) throw await this.#words.denied(refusal);
    // An answer to HEAD says no more than its status: the same question as GET tells why, or is answered after all.
    if (method === 'HEAD' && this.#words.asksAgain) {
      await discardBody(response);
      return this.#manifest('GET', reference, signal);
    }
    throw await this.#words.unexpected(refusal);
  }

  /** Asks the hosts of a reference one after the other; gives the first answer that is one, else the last. */
  async #first(
    reference: Reference,
    what: 'resolve' | 'pull',
    request: RegistryRequest,
  ): Promise<{ response: FetchResponse; transport: RegistryTransport }> {
    const able = (await this.hosts(reference.domain)).filter(({ can }) => can[what]);
    if (able.length === 0) throw new WherryError('NotFound', `no ${what} hosts: not found`);
    for (const [i, transport] of able.entries()) {
      const isLast = i === able.length - 1;
      try {
        const response = await transport.request(request);
        if (isLast || response.status < 400) return { response, transport };
        await discardBody(response);
      } catch (error) {
        if (!(error instanceof WherryError) || error.class === 'Cancelled') throw error;
        if (isLast) throw what === 'resolve' ? this.#words.unresolved(reference, error) : error;
      }
    }
    throw new TypeError('the last host answers or throws');
  }

  async *#blobFrom(
    reference: Reference,
    descriptor: Descriptor,
    offset: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const request: RegistryRequest = {
      method: 'GET',
      path: `/${reference.path}/blobs/${descriptor.digest}`,
      headers: offset === 0 ? {} : { range: `bytes=${offset}-` },
      repository: reference.path,
      signal,
    };
    const { response, transport } = await this.#first(reference, 'pull', request);
    if (response.status === 404) {
      await discardBody(response);
      throw new WherryError('NotFound', `${fullString(reference)}: blob ${descriptor.digest}: not found`);
    }
    if (response.status !== 200 && response.status !== 206) {
      throw await this.#words.unexpected(await refusalOf(reference, transport, request, response));
    }
    const range = response.headers.get('content-range') ?? '';
    if (response.status === 206 && !range.startsWith(`bytes ${offset}-`)) {
      await discardBody(response);
      const problem = `asked for bytes from ${offset}, the registry sent ${JSON.stringify(range.slice(0, 100))}`;
      throw new WherryError('DataLoss', `cannot fetch ${descriptor.digest}: ${problem}`);
    }
    // A registry without ranges starts over: pass by what is there already.
    let skip = response.status === 206 ? 0 : offset;
    for await (const piece of response.body ?? []) {
      const passed = Math.min(skip, piece.length);
      skip -= passed;
      if (passed < piece.length) yield piece.subarray(passed);
    }
  }

  /** The hosts of a domain, each with what it knows of tokens. */
  hosts(domain: string): Promise<readonly RegistryTransport[]> {
    let transports = this.#transports.get(domain);
    if (transports === undefined) {
      transports = this.#connect(domain);
      this.#transports.set(domain, transports);
    }
    return transports;
  }

  async #connect(domain: string): Promise<readonly RegistryTransport[]> {
    const hosts = (await this.#options.hosts?.(domain)) ?? [];
    if (hosts.length === 0) return [new RegistryTransport(domain, this.#options)];
    return hosts.map((host) => new RegistryTransport(domain, this.#options, host));
  }

  async #hostFor(domain: string, what: 'resolve'): Promise<RegistryTransport> {
    const able = (await this.hosts(domain)).filter(({ can }) => can[what]);
    return able.at(-1) ?? new RegistryTransport(domain, this.#options);
  }
}

/** What there is to tell of an answer that refuses. */
export async function refusalOf(
  reference: Reference,
  transport: RegistryTransport,
  { method, path }: RegistryRequest,
  response: FetchResponse,
): Promise<Refusal> {
  const lacksCredentials = response.status === 401 && (await transport.lacksCredentials());
  return { reference, response, method, url: transport.url(path), lacksCredentials };
}

/** The media type of an answer without parameters. */
function typeOf(response: FetchResponse): string {
  return (response.headers.get('content-type') ?? '').split(';', 1)[0]!.trim();
}

/** Registries of files alone send every manifest as plain JSON: then the document says what it is. */
function manifestType(response: FetchResponse, bytes: Uint8Array, name: string): string {
  const type = typeOf(response);
  if (isIndexType(type) || isManifestType(type) || isSchema1Type(type)) return type;
  const fields = JsonFields.parse(bytes, `the manifest of ${name}`, manifest_bytes_max);
  return fields.optionalString('mediaType') ?? (fields.has('manifests') ? mediaType.ociIndex : mediaType.ociManifest);
}

/** Whether trying again may help: the network, a busy server, an answer cut off. */
function isTransient(error: WherryError): boolean {
  return error.class === 'Unknown' || error.class === 'Unavailable';
}

function tooLong(reference: Reference, { digest, size }: Descriptor): WherryError {
  const problem = `the registry sent more than the ${size} bytes of its descriptor`;
  return new WherryError('DataLoss', `cannot fetch ${digest} of ${fullString(reference)}: ${problem}`);
}

function gaveUp(reference: Reference, { digest }: Descriptor, problem: unknown): WherryError {
  const why = problem instanceof Error ? problem.message : String(problem);
  const errorClass = problem instanceof WherryError ? problem.class : 'Unknown';
  return new WherryError(errorClass, `cannot fetch ${digest} of ${fullString(reference)}: ${why}`, { cause: problem });
}

function sleep(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancel = (): void => {
      clearTimeout(timer);
      reject(new WherryError('Cancelled', 'the request was cancelled'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', cancel);
      resolve();
    }, milliseconds);
    signal?.addEventListener('abort', cancel, { once: true });
  });
}
