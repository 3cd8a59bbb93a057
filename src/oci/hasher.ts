/**
 * Hashing as this room needs it. The room runs in pages and in Node alike, so whoever composes a program hands in what
 * the platform has (`node:crypto`, a library in a page). Compressed layers are expanded before they come here.
 */

export type DigestAlgorithm = 'sha256' | 'sha512';

/** A running hash. `digest` may be called once and gives lower-case hex. */
export interface Hasher {
  update(bytes: Uint8Array): void;
  digest(): string;
}

/** Starts a hash. Synchronous: layers are hashed while they stream by, in pieces of any length. */
export type Digester = (algorithm: DigestAlgorithm) => Hasher;
