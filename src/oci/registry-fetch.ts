/** HTTP as this room needs it; the platform's `fetch` fits. */
export type Fetch = (url: string, request: FetchRequest) => Promise<FetchResponse>;

export type RegistryMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';

/** What is sent with a request; a stream goes out as it comes, no faster than it is taken. */
export type FetchBody = string | Uint8Array | AsyncIterable<Uint8Array>;

export interface FetchRequest {
  readonly method: RegistryMethod;
  readonly headers: Record<string, string>;
  readonly body?: FetchBody;
  /** Redirects are followed here, because credentials must not follow them. */
  readonly redirect: 'manual';
  readonly signal?: AbortSignal;
}

export interface FetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** Lets go of a body nobody wants to read. */
export async function discardBody(response: FetchResponse): Promise<void> {
  try {
    await response.body?.[Symbol.asyncIterator]().return?.();
  } catch {
    // The connection broke: there is nothing left to let go of.
  }
}

/** Reads a body of at most `bytes_max` bytes; undefined when it has more. */
export async function readBody(response: FetchResponse, bytes_max: number): Promise<Uint8Array | undefined> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body ?? []) {
    length += piece.length;
    if (length > bytes_max) return undefined;
    pieces.push(piece);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
