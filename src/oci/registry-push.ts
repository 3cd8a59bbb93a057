import { fromUnknown, WherryError } from '../errors/index.ts';
import { registry_retries_max, registry_retry_ms } from '../limits/index.ts';
import type { Descriptor } from './descriptor.ts';
import type { Reference } from './reference.ts';
import { refusalOf, type RegistryClient } from './registry-client.ts';
import { discardBody, type FetchResponse } from './registry-fetch.ts';
import type { RegistryRequest, RegistryTransport } from './registry-transport.ts';
import { containerdWords } from './registry-words.ts';

/** What came of pushing something. */
export type PushResult = 'exists' | 'mounted' | 'pushed';

export interface PushBlobOptions {
  /** The blob's bytes from an offset on; called again when an upload is taken up after a break. */
  read(offset: number): AsyncIterable<Uint8Array>;
  /** A repository of the same registry that is known to have the blob. */
  readonly mountFrom?: string;
  readonly signal?: AbortSignal;
  /** Told how many bytes have gone out. */
  onProgress?(offset: number): void;
}

/** Pushes into one repository (distribution-spec 1.1, "Push"), with the texts that container tools print. */
export class RegistryPusher {
  readonly #client: RegistryClient;
  readonly #reference: Reference;

  /** @param reference names the repository; its tag or digest does not count. */
  constructor(client: RegistryClient, reference: Reference) {
    this.#client = client;
    this.#reference = reference;
  }

  /**
   * Pushes a blob, unless the registry has it: mounts it from another repository, or uploads it.
   *
   * @throws WherryError when the registry refuses, or says it took something else
   */
  async pushBlob(descriptor: Descriptor, options: PushBlobOptions): Promise<PushResult> {
    const { digest } = descriptor;
    const { mountFrom, signal } = options;
    if (await this.#has(`blobs/${digest}`, descriptor, signal)) return 'exists';
    const transport = await this.#transport();
    for (let failures = 0; ; failures++) {
      const begun = await this.#begin(transport, digest, failures === 0 ? mountFrom : undefined, signal);
      if (begun === null) return mountFrom === undefined ? 'pushed' : 'mounted';
      try {
        await this.#upload(transport, begun, descriptor, options);
        return 'pushed';
      } catch (thrown) {
        const error = fromUnknown(thrown);
        if (signal?.aborted === true || !(error instanceof UploadLost) || failures >= registry_retries_max) throw error;
        await new Promise((resolve) => setTimeout(resolve, registry_retry_ms * 2 ** failures));
      }
    }
  }

  /** Pushes a manifest or an index under `tag`, or under its digest alone, unless it is there. */
  async pushManifest(
    descriptor: Descriptor,
    bytes: Uint8Array,
    tag: string | null,
    signal?: AbortSignal,
  ): Promise<PushResult> {
    const { digest, mediaType } = descriptor;
    const place = `manifests/${tag ?? digest}`;
    if (await this.#has(place, descriptor, signal)) return 'exists';
    const transport = await this.#transport();
    const request = this.#request('PUT', `/${place}`, signal, { 'content-type': mediaType }, () => bytes);
    const response = await transport.request(request);
    await this.#requireTaken(transport, request, response, digest);
    return 'pushed';
  }

  /** Whether the registry has it; of a tag, whether it points to it. */
  async #has(place: string, { mediaType, digest }: Descriptor, signal: AbortSignal | undefined): Promise<boolean> {
    const transport = await this.#transport();
    const request = this.#request('HEAD', `/${place}`, signal, { accept: `${mediaType}, */*` });
    const response = await transport.request(request);
    if (response.status === 404) {
      await discardBody(response);
      return false;
    }
    if (response.status === 401 && (await transport.lacksCredentials())) {
      // Some registries tell nobody what they have and take it all the same.
      await discardBody(response);
      return false;
    }
    if (response.status !== 200) throw await this.#refused(transport, request, response);
    await discardBody(response);
    return place.endsWith(digest) || response.headers.get('docker-content-digest') === digest;
  }

  /** Begins an upload; gives where it goes on, or null when there is nothing left to do. */
  async #begin(
    transport: RegistryTransport,
    digest: string,
    mountFrom: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<URL | null> {
    const path = '/blobs/uploads/';
    if (mountFrom !== undefined) {
      const query = new URLSearchParams({ mount: digest, from: mountFrom }).toString();
      const request = { ...this.#request('POST', `${path}?${query}`, signal, {}, () => ''), mountFrom };
      const response = await transport.request(request);
      if (response.status !== 401) return await this.#begun(transport, request, response);
      await discardBody(response);
    }
    const request = this.#request('POST', path, signal, {}, () => '');
    return await this.#begun(transport, request, await transport.request(request));
  }

  async #begun(transport: RegistryTransport, request: RegistryRequest, response: FetchResponse): Promise<URL | null> {
    const { status, headers } = response;
    if (![200, 201, 202, 204].includes(status)) throw await this.#refused(transport, request, response);
    await discardBody(response);
    return status === 201 ? null : next(transport, headers.get('location'), transport.url(request.path));
  }

  /** Sends the blob in one request; one that broke off is gone on with where the registry says it is. */
  async #upload(
    transport: RegistryTransport,
    begun: URL,
    { digest, size }: Descriptor,
    { read, signal, onProgress }: PushBlobOptions,
  ): Promise<void> {
    let at = begun;
    let offset = 0;
    for (let failures = 0; ; failures++) {
      const from = offset;
      const isWhole = from === 0;
      const headers: Record<string, string> = {
        'content-type': 'application/octet-stream',
        'content-length': String(size - from),
        ...(isWhole ? {} : { 'content-range': `${from}-${size - 1}` }),
      };
      const body = (): AsyncIterable<Uint8Array> => told(read(from), from, onProgress);
      const request = this.#request(isWhole ? 'PUT' : 'PATCH', isWhole ? ended(at, digest) : at, signal, headers, body);
      try {
        const response = await transport.request(request);
        if (isWhole) return await this.#requireTaken(transport, request, response, digest);
        if (![200, 201, 202, 204].includes(response.status)) throw await this.#refused(transport, request, response);
        await discardBody(response);
        at = next(transport, response.headers.get('location'), at);
        const finish = this.#request('PUT', ended(at, digest), signal, { 'content-length': '0' }, () => '');
        return await this.#requireTaken(transport, finish, await transport.request(finish), digest);
      } catch (error) {
        // What the registry answered stands; only a connection that broke is tried again.
        if (signal?.aborted === true || !isBroken(error) || failures >= registry_retries_max) throw error;
        ({ at, offset } = await this.#whereIsIt(transport, at, size, signal, error));
      }
    }
  }

  /** Asks how much of an upload the registry has. */
  async #whereIsIt(
    transport: RegistryTransport,
    at: URL,
    size: number,
    signal: AbortSignal | undefined,
    problem: unknown,
  ): Promise<{ at: URL; offset: number }> {
    let response: FetchResponse;
    try {
      response = await transport.request(this.#request('GET', at, signal));
    } catch {
      throw new UploadLost(problem);
    }
    await discardBody(response);
    const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.get('range') ?? '')?.[1];
    const offset = last === undefined ? 0 : Number(last) + 1;
    // Nothing there, all of it, or more than there is: that upload is of no use.
    if (response.status !== 204 || offset <= 1 || offset >= size) throw new UploadLost(problem);
    return { at: next(transport, response.headers.get('location'), at), offset };
  }

  async #requireTaken(
    transport: RegistryTransport,
    request: RegistryRequest,
    response: FetchResponse,
    digest: string,
  ): Promise<void> {
    if (![200, 201, 202, 204].includes(response.status)) throw await this.#refused(transport, request, response);
    await discardBody(response);
    const taken = response.headers.get('docker-content-digest');
    if (taken !== null && taken !== digest) {
      throw new WherryError('DataLoss', `got digest ${JSON.stringify(taken.slice(0, 200))}, expected ${digest}`);
    }
  }

  async #refused(
    transport: RegistryTransport,
    request: RegistryRequest,
    response: FetchResponse,
  ): Promise<WherryError> {
    const refusal = await refusalOf(this.#reference, transport, request, response);
    const isDenied = response.status === 401 || response.status === 403;
    return isDenied ? containerdWords.pushDenied(refusal) : containerdWords.unexpected(refusal);
  }

  #request(
    method: RegistryRequest['method'],
    path: string | URL,
    signal: AbortSignal | undefined,
    headers: Record<string, string> = {},
    body?: RegistryRequest['body'],
  ): RegistryRequest {
    const repository = this.#reference.path;
    return {
      method,
      path: path instanceof URL ? path : `/${repository}${path}`,
      headers,
      repository,
      actions: 'pull,push',
      signal,
      ...(body === undefined ? {} : { body }),
    };
  }

  async #transport(): Promise<RegistryTransport> {
    const able = (await this.#client.hosts(this.#reference.domain)).find(({ can }) => can.push);
    if (able === undefined) throw new WherryError('NotFound', 'no push hosts: not found');
    return able;
  }
}

/** An upload that cannot be gone on with: it has to begin again. */
class UploadLost extends WherryError<'Unavailable'> {
  constructor(problem: unknown) {
    super('Unavailable', `the upload broke off: ${fromUnknown(problem).message}`, { cause: problem });
  }
}

/** Whether a request failed without an answer. */
function isBroken(error: unknown): boolean {
  return error instanceof WherryError && error.cause !== undefined && error.class === 'Unknown';
}

function next(transport: RegistryTransport, location: string | null, from: URL): URL {
  if (location === null) throw new WherryError('Unknown', `${from.host} does not say where the upload goes on`);
  return transport.locate(location, from);
}

/** Where an upload is ended. */
function ended(at: URL, digest: string): URL {
  const url = new URL(at.href);
  url.searchParams.append('digest', digest);
  return url;
}

async function* told(
  pieces: AsyncIterable<Uint8Array>,
  from: number,
  onProgress: ((offset: number) => void) | undefined,
): AsyncGenerator<Uint8Array> {
  let offset = from;
  for await (const piece of pieces) {
    yield piece;
    offset += piece.length;
    onProgress?.(offset);
  }
}
