/** A stream whose first bytes were looked at. */
export interface PeekedBody {
  /** At least as many bytes as were asked for, unless the stream is shorter. */
  readonly first: Uint8Array;
  /** The whole stream, with the first bytes. */
  readonly whole: AsyncIterable<Uint8Array>;
}

/** Reads the first `bytes` of a stream without losing them. */
export async function peek(body: AsyncIterable<Uint8Array>, bytes: number): Promise<PeekedBody> {
  const pieces = body[Symbol.asyncIterator]();
  let first: Uint8Array = new Uint8Array(0);
  while (first.length < bytes) {
    const next = await pieces.next();
    if (next.done === true) break;
    first = first.length === 0 ? next.value : Buffer.concat([first, next.value]);
  }
  return { first, whole: rejoin(first, pieces) };
}

async function* rejoin(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    if (first.length > 0) yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}
