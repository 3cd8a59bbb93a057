/**
 * Hashing and inflating as this room needs them. The room runs in pages and in Node alike, so whoever composes a
 * program hands in what the platform has (`node:crypto`, `node:zlib`, a library in a page).
 */

export type DigestAlgorithm = 'sha256' | 'sha512';

/** A running hash. `digest` may be called once and gives lower-case hex. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): string;
}

/** Starts a hash. Synchronous: layers are hashed while they stream by, in pieces of any length. */
export type Digester = (algorithm: DigestAlgorithm) => Hasher;

/** Expands a compressed stream; throws for a damaged one. The caller bounds how much it takes. */
export type Inflate = (compression: 'gzip' | 'zstd', pieces: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;
