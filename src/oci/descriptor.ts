import { parseDigest } from './digest.ts';
import type { JsonFields, StringMap } from './json-fields.ts';
import type { Platform } from './platform.ts';

/** Points to content: what it is, its digest, its size in bytes. image-spec, descriptor.md. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly urls?: readonly string[];
  readonly annotations?: StringMap;
  readonly platform?: Platform;
  readonly artifactType?: string;
}

const mediaTypePattern = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

/** Reads a descriptor; throws `InvalidArgument`. Embedded `data` is ignored: content comes from under its digest. */
export function readDescriptor(fields: JsonFields): Descriptor {
  const mediaType = fields.string('mediaType');
  if (!mediaTypePattern.test(mediaType)) throw fields.problem('mediaType', 'is not a media type');
  const text = fields.string('digest');
  let digest: string;
  try {
    digest = parseDigest(text);
  } catch (cause) {
    throw fields.problem('digest', `is not a digest: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const urls = fields.strings('urls');
  const annotations = fields.stringMap('annotations');
  const artifactType = fields.optionalString('artifactType');
  const platform = fields.object('platform');
  return {
    mediaType,
    digest,
    size: fields.count('size'),
    ...(urls === undefined ? {} : { urls }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(platform === undefined ? {} : { platform: readPlatform(platform) }),
    ...(artifactType === undefined ? {} : { artifactType }),
  };
}

/** Reads the four platform fields of a descriptor or a config. */
export function readPlatform(fields: JsonFields): Platform {
  const variant = fields.optionalString('variant');
  const version = fields.optionalString('os.version');
  return {
    os: fields.optionalString('os') ?? '',
    architecture: fields.optionalString('architecture') ?? '',
    ...(variant === undefined || variant === '' ? {} : { variant }),
    ...(version === undefined || version === '' ? {} : { 'os.version': version }),
  };
}
