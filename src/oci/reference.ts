import { WherryError } from '../errors/index.ts';
import { reference_path_bytes_max } from '../limits/index.ts';
import { parseDigest } from './digest.ts';

/**
 * A reference to an image: `domain/path:tag@digest`. In a normalised one the domain is always there; a reference as
 * `parseReference` gives it has the domain '' when none was written.
 */
export interface Reference {
  /** Host, or host and port; '' when none was written. */
  readonly domain: string;
  readonly path: string;
  readonly tag?: string;
  readonly digest?: string;
}

const defaultDomain = 'docker.io';
const legacyDefaultDomain = 'index.docker.io';
const officialPrefix = 'library/';
export const defaultTag: string = 'latest';

const alphanumeric = '[a-z0-9]+';
const separator = '(?:[._]|__|-+)';
const pathComponent = `${alphanumeric}(?:${separator}${alphanumeric})*`;
const remoteName = `${pathComponent}(?:/${pathComponent})*`;
const domainComponent = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const host = `(?:${domainComponent}(?:\\.${domainComponent})*|\\[[a-fA-F0-9:]+\\])`;
const domainAndPort = `${host}(?::[0-9]+)?`;
const tagText = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const digestText = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';

const referencePattern = new RegExp(`^((?:${domainAndPort}/)?${remoteName})(?::(${tagText}))?(?:@(${digestText}))?$`);
const namePattern = new RegExp(`^(?:(${domainAndPort})/)?(${remoteName})$`);
const tagPattern = new RegExp(`^${tagText}$`);
const identifierPattern = /^[a-f0-9]{64}$/;
// Longer than any host, path, tag and digest together: nothing past it needs matching.
const reference_length_max = 4096;

function invalid(problem: string): WherryError {
  return new WherryError('InvalidArgument', problem);
}

/**
 * Parses a reference as it stands, without Docker's defaults: `test:5000/repo` has the domain `test:5000`, `debian`
 * has none. Throws `InvalidArgument` with Docker's texts.
 */
export function parseReference(text: string): Reference {
  if (text === '') throw invalid('repository name must have at least one component');
  const matched = text.length > reference_length_max ? null : referencePattern.exec(text);
  if (matched === null) {
    const lowerCase = text.slice(0, reference_length_max).toLowerCase();
    throw invalid(
      text.length <= reference_length_max && referencePattern.test(lowerCase)
        ? 'repository name must be lowercase'
        : 'invalid reference format',
    );
  }
  return make(splitName(matched[1]!), matched[2], matched[3]);
}

/** Parses a name alone, without tag and digest. */
export function parseName(text: string): Reference {
  return splitName(text);
}

/**
 * Parses what a user typed, with Docker's defaults: `debian` is `docker.io/library/debian`. No tag is added.
 * Throws `InvalidArgument` with Docker's texts.
 */
export function parseNormalized(text: string): Reference & { readonly domain: string } {
  if (identifierPattern.test(text)) {
    throw invalid(`invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, remainder } = splitDomain(text);
  const colon = remainder.indexOf(':');
  const remote = colon < 0 ? remainder : remainder.slice(0, colon);
  if (remote.toLowerCase() !== remote) {
    throw invalid(`invalid reference format: repository name (${remote}) must be lowercase`);
  }
  return parseReference(`${domain}/${remainder}`);
}

/** Parses a reference that must already be written in full; throws when normalising would change it. */
export function parseNamed(text: string): Reference {
  const reference = parseNormalized(text);
  if (fullString(reference) !== text) throw invalid('repository name must be canonical');
  return reference;
}

/**
 * What a command gets that takes an image by name or by id: 64 hex digits or a digest mean that content, everything
 * else is a name.
 */
export function parseAny(text: string): { readonly digest: string } | { readonly reference: Reference } {
  if (identifierPattern.test(text)) return { digest: `sha256:${text}` };
  try {
    return { digest: parseDigest(text) };
  } catch {
    return { reference: parseNormalized(text) };
  }
}

/** Parses what is to be pulled: normalised, with `:latest` when neither tag nor digest is there; a digest drops the tag. */
export function parseDockerReference(text: string): Reference {
  const reference = parseNormalized(text);
  return reference.digest === undefined ? withDefaultTag(reference) : withDigest(reference, reference.digest);
}

/** `domain/path`, or the path alone when there is no domain. */
export function fullName(reference: Reference): string {
  return reference.domain === '' ? reference.path : `${reference.domain}/${reference.path}`;
}

/** The whole reference: `docker.io/library/debian:12@sha256:...`. */
export function fullString(reference: Reference): string {
  return fullName(reference) + suffix(reference);
}

/** The name as Docker shows it: without `docker.io/` and, of an official image, without `library/`. */
export function familiarName(reference: Reference): string {
  if (reference.domain !== defaultDomain) return fullName(reference);
  const { path } = reference;
  const isOfficial = path.startsWith(officialPrefix) && !path.slice(officialPrefix.length).includes('/');
  return isOfficial ? path.slice(officialPrefix.length) : path;
}

/** The reference as Docker shows it: `debian:12`. */
export function familiarString(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

/** The reference with another tag and no digest; throws `InvalidArgument` for what is no tag. */
export function withTag(reference: Reference, tag: string): Reference {
  if (!isTag(tag)) throw invalid('invalid tag format');
  return { domain: reference.domain, path: reference.path, tag };
}

/** The reference to one content, without a tag; throws `InvalidArgument` for what is no digest. */
export function withDigest(reference: Reference, digest: string): Reference {
  return { domain: reference.domain, path: reference.path, digest: parseDigest(digest) };
}

/** The reference itself when it has a tag or a digest, else with the tag `latest`. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? withTag(reference, defaultTag) : reference;
}

function isTag(text: string): boolean {
  return tagPattern.test(text);
}

/** Whether `text` is a whole image id without its algorithm: 64 hex digits. */
export function isId(text: string): boolean {
  return identifierPattern.test(text);
}

function suffix({ tag, digest }: Reference): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
}

function splitName(text: string): Reference {
  const matched = text.length > reference_length_max ? null : namePattern.exec(text);
  if (matched === null) throw invalid('invalid reference format');
  const path = matched[2]!;
  if (path.length > reference_path_bytes_max) {
    throw invalid(`repository name must not be more than ${reference_path_bytes_max} characters`);
  }
  return { domain: matched[1] ?? '', path };
}

function make(name: Reference, tag: string | undefined, digest: string | undefined): Reference {
  return {
    ...name,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest: parseDigest(digest) }),
  };
}

/** Docker's rule for whether the part before the first slash is a host. */
function splitDomain(text: string): { domain: string; remainder: string } {
  const slash = text.indexOf('/');
  const first = text.slice(0, Math.max(slash, 0));
  const rest = text.slice(slash + 1);
  const isHost = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
  let domain = defaultDomain;
  let remainder = text;
  if (slash >= 0 && isHost) {
    domain = first === legacyDefaultDomain ? defaultDomain : first;
    remainder = rest;
  }
  const isOfficial = domain === defaultDomain && !remainder.includes('/');
  return { domain, remainder: isOfficial ? officialPrefix + remainder : remainder };
}
