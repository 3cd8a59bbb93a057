/** Hex digits of the digests that containerd knows. */
const lengths: Readonly<Record<string, number>> = { sha256: 64, sha384: 96, sha512: 128 };

/** What is wrong with a digest, in the words of containerd's clients and server; null for a sound one. */
export function digestFault(text: string): string | null {
  const at = text.indexOf(':');
  if (at <= 0 || at === text.length - 1) return 'invalid checksum digest format';
  const algorithm = text.slice(0, at);
  const hex = text.slice(at + 1);
  if (!Object.hasOwn(lengths, algorithm)) {
    const well_formed = text.length <= 256 && /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/.test(text);
    return well_formed ? 'unsupported digest algorithm' : 'invalid checksum digest format';
  }
  if (hex.length !== lengths[algorithm]) return 'invalid checksum digest length';
  return /^[0-9a-f]+$/.test(hex) ? null : 'invalid checksum digest format';
}
