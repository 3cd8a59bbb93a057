import { WherryError } from '../errors/index.ts';
import type { DigestAlgorithm, Digester } from './hasher.ts';

/** Hex digits of each algorithm that content can be checked with. */
const hexLength: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha512: 128 };

/**
 * Checks that `text` is a digest, `<algorithm>:<hex>`, of an algorithm that can be verified; gives it back.
 * Throws `InvalidArgument` with the texts of Docker. image-spec, descriptor.md, "Digests".
 */
export function parseDigest(text: string): string {
  const { algorithm, hex } = split(text);
  if (!Object.hasOwn(hexLength, algorithm)) {
    const wellFormed = text.length <= 256 && /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/.test(text);
    throw new WherryError('InvalidArgument', wellFormed ? 'unsupported digest algorithm' : 'invalid digest format');
  }
  if (hex.length !== hexLength[algorithm as DigestAlgorithm]) {
    throw new WherryError('InvalidArgument', 'invalid checksum digest length');
  }
  if (!/^[0-9a-f]+$/.test(hex)) throw new WherryError('InvalidArgument', 'invalid digest format');
  return text;
}

/** Whether `text` is a digest that content can be checked with. */
export function isDigest(text: string): boolean {
  const at = text.indexOf(':');
  const algorithm = text.slice(0, Math.max(at, 0));
  if (!Object.hasOwn(hexLength, algorithm)) return false;
  return text.length - at - 1 === hexLength[algorithm as DigestAlgorithm] && /^[0-9a-f]+$/.test(text.slice(at + 1));
}

/** The algorithm of a checked digest. */
export function algorithmOf(digest: string): DigestAlgorithm {
  return split(parseDigest(digest)).algorithm as DigestAlgorithm;
}

/** The hex of a checked digest: the name of its file in a store. */
export function hexOf(digest: string): string {
  return split(parseDigest(digest)).hex;
}

/** The digest of some bytes. */
export function digestOf(bytes: Uint8Array, digester: Digester, algorithm: DigestAlgorithm = 'sha256'): string {
  const hasher = digester(algorithm);
  hasher.update(bytes);
  return `${algorithm}:${hasher.digest()}`;
}

/** Checks that `bytes` are what `digest` names; throws `DataLoss`. `what` names them in the message. */
export function verifyDigest(bytes: Uint8Array, digest: string, what: string, digester: Digester): void {
  const actual = digestOf(bytes, digester, algorithmOf(digest));
  if (actual !== digest) {
    throw new WherryError('DataLoss', `cannot use ${what}: its content hashes to ${actual}, not to ${digest}`);
  }
}

function split(text: string): { algorithm: string; hex: string } {
  const at = text.indexOf(':');
  if (at <= 0 || at === text.length - 1) throw new WherryError('InvalidArgument', 'invalid digest format');
  return { algorithm: text.slice(0, at), hex: text.slice(at + 1) };
}
