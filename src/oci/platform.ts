import { WherryError } from '../errors/index.ts';

/** What an image runs on. `os.version` is only told on, never compared. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
}

/** Wasm with WASI, as Docker's documentation calls it. */
export const wasmPlatform: Platform = { os: 'wasi', architecture: 'wasm' };

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));
const operatingSystems = words(
  'aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris windows wasi wasip1 wasip2',
);
const architectures = words(
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm wasm32 wasm64',
);
const otherArchitectures: Readonly<Record<string, readonly [string, string?]>> = {
  i386: ['386'],
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};

/**
 * Parses `os/architecture[/variant]`, or one of them alone: an operating system gets the host's architecture, an
 * architecture the system it belongs to. Throws `InvalidArgument`.
 */
export function parsePlatform(text: string, hostArchitecture = 'amd64'): Platform {
  const parts = text.split('/');
  const bad = parts.find((part) => !/^[A-Za-z0-9_.-]{1,64}$/.test(part));
  if (bad !== undefined || parts.length > 3) {
    const problem =
      bad === undefined
        ? `cannot parse platform specifier`
        : `${JSON.stringify(bad.slice(0, 64))} is an invalid component`;
    throw new WherryError(
      'InvalidArgument',
      `failed to parse platform: ${JSON.stringify(text.slice(0, 256))}: ${problem}`,
    );
  }
  const [first, second, third] = parts as [string, string?, string?];
  if (second !== undefined) {
    return normalizePlatform({ os: first, architecture: second, ...(third === undefined ? {} : { variant: third }) });
  }
  const os = normalizeOs(first);
  if (os.startsWith('wasi')) return normalizePlatform({ os, architecture: 'wasm' });
  if (operatingSystems.has(os)) return normalizePlatform({ os, architecture: hostArchitecture });
  const alone = normalizePlatform({ os: 'linux', architecture: first });
  if (isWasmPlatform(alone)) return { ...alone, os: 'wasi' };
  if (architectures.has(alone.architecture)) return alone;
  throw new WherryError(
    'InvalidArgument',
    `failed to parse platform: ${JSON.stringify(text)}: unknown operating system or architecture`,
  );
}

/** Writes names in lower case and the usual one of several: `x86_64` is `amd64`, `wasm32` is `wasm`. */
export function normalizePlatform(platform: Platform): Platform {
  const os = normalizeOs(platform.os);
  const given = platform.architecture.toLowerCase();
  const [architecture, implied] = otherArchitectures[given] ?? [given === 'wasm32' ? 'wasm' : given];
  const variant = normalizeVariant(architecture, implied ?? platform.variant?.toLowerCase() ?? '');
  const version = platform['os.version'];
  return {
    os,
    architecture,
    ...(variant === '' ? {} : { variant }),
    ...(version === undefined ? {} : { 'os.version': version }),
  };
}

/** `os/architecture[/variant]`. */
export function formatPlatform({ os, architecture, variant }: Platform): string {
  return [os, architecture, ...(variant === undefined || variant === '' ? [] : [variant])].join('/');
}

/** Whether an image for this platform is WebAssembly, whatever it calls the system around it. */
export function isWasmPlatform(platform: Platform): boolean {
  return /^wasm(32|64)?$/.test(platform.architecture.toLowerCase());
}

/**
 * How well `offered` serves who wants `wanted`: 0 not at all, more is better. Wasm under the names `wasi`, `wasip1`
 * and no system at all is one platform in several spellings; a component (`wasip2`) also serves who wants just `wasi`.
 * An ARM machine runs what is made for older ones.
 */
export function platformMatch(wanted: Platform, offered: Platform): number {
  const want = normalizePlatform(wanted);
  const offer = normalizePlatform(offered);
  if (want.architecture !== offer.architecture) return 0;
  if (isWasmPlatform(want)) return wasmMatch(want.os, offer.os);
  if (want.os !== offer.os) return 0;
  if (want.variant === offer.variant) return 100;
  if (want.architecture === 'arm') {
    const levels = (variant?: string): number => Number(/^v([5-8])$/.exec(variant ?? '')?.[1] ?? NaN);
    const below = levels(want.variant) - levels(offer.variant);
    return below > 0 ? 100 - below : 0;
  }
  return offer.variant === undefined ? 50 : 0;
}

const preview1: ReadonlySet<string> = new Set(['', 'wasi', 'wasip1', 'wasm', 'wasm32', 'unknown']);

function wasmMatch(want: string, offer: string): number {
  if (want === offer) return 100;
  if (preview1.has(want) && preview1.has(offer)) return 90;
  const eitherIsGeneral = want === 'wasi' || offer === 'wasi' || offer === '';
  return eitherIsGeneral && /^wasip\d+$/.test(want === 'wasi' ? offer : want) ? 50 : 0;
}

function normalizeOs(os: string): string {
  const lower = os.toLowerCase();
  return lower === 'macos' ? 'darwin' : lower;
}

function normalizeVariant(architecture: string, variant: string): string {
  if (architecture === 'amd64') return variant === 'v1' ? '' : variant;
  if (architecture === 'arm64') return variant === '8' || variant === 'v8' ? '' : variant;
  if (architecture !== 'arm') return variant;
  if (variant === '') return 'v7';
  return /^[5-8]$/.test(variant) ? `v${variant}` : variant;
}
