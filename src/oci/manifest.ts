import { WherryError } from '../errors/index.ts';
import { index_manifests_max, layers_per_image_max, manifest_bytes_max } from '../limits/index.ts';
import { type Descriptor, readDescriptor } from './descriptor.ts';
import { JsonFields, type StringMap } from './json-fields.ts';
import { isIndexType, isManifestType, isSchema1Type, mediaType as types } from './media-types.ts';
import { formatPlatform, isWasmPlatform, type Platform, platformMatch, wasmPlatform } from './platform.ts';

/** A manifest: the config and layers of one image. image-spec, manifest.md. */
export interface Manifest {
  readonly kind: 'manifest';
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: StringMap;
}

/** An index (Docker: manifest list): one image for several platforms. image-spec, image-index.md. */
export interface Index {
  readonly kind: 'index';
  readonly mediaType: string;
  readonly artifactType?: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly annotations: StringMap;
}

const knownFields = [
  'schemaVersion',
  'mediaType',
  'artifactType',
  'config',
  'layers',
  'manifests',
  'subject',
  'fsLayers',
];

/**
 * Reads a manifest or an index. `type` is the media type it was announced with (of its descriptor or of the registry's
 * answer) when there is one, `name` says in messages whose it is. Throws `InvalidArgument` for a document that is both,
 * or is not what it was announced as.
 */
export function parseManifest(bytes: Uint8Array, type: string | undefined, name: string): Manifest | Index {
  const fields = JsonFields.parse(bytes, `the manifest of ${name}`, manifest_bytes_max);
  fields.refuseOtherSpellings(knownFields);
  const own = fields.optionalString('mediaType');
  if (isSchema1Type(own ?? type ?? '') || fields.has('fsLayers')) throw schema1Removed(name);
  if (own !== undefined && type !== undefined && own !== type) {
    throw fields.problem('mediaType', `is ${JSON.stringify(own)}, but it was announced as ${JSON.stringify(type)}`);
  }
  if (fields.count('schemaVersion') !== 2) throw fields.problem('schemaVersion', 'is not 2');
  const looksLikeIndex = fields.has('manifests');
  if (looksLikeIndex && (fields.has('layers') || fields.has('config'))) {
    throw fields.problem('manifests', 'stands beside layers or config, so it is neither a manifest nor an index');
  }
  const mediaType = own ?? type ?? (looksLikeIndex ? types.ociIndex : types.ociManifest);
  if (!isIndexType(mediaType) && !isManifestType(mediaType)) {
    throw fields.problem('mediaType', `is ${JSON.stringify(mediaType)}, neither a manifest nor an index`);
  }
  if (isIndexType(mediaType) !== looksLikeIndex) {
    throw fields.problem('mediaType', `is ${JSON.stringify(mediaType)}, which does not fit its fields`);
  }
  return looksLikeIndex ? readIndex(fields, mediaType) : readManifest(fields, mediaType);
}

function readManifest(fields: JsonFields, mediaType: string): Manifest {
  const config = fields.object('config');
  if (config === undefined) throw fields.problem('config', 'is missing');
  const layers = fields.objects('layers', layers_per_image_max);
  if (layers === undefined) throw fields.problem('layers', 'is missing');
  return {
    kind: 'manifest',
    mediaType,
    ...common(fields),
    config: readDescriptor(config),
    layers: layers.map(readDescriptor),
  };
}

function readIndex(fields: JsonFields, mediaType: string): Index {
  const manifests = fields.objects('manifests', index_manifests_max) ?? [];
  return { kind: 'index', mediaType, ...common(fields), manifests: manifests.map(readDescriptor) };
}

function common(fields: JsonFields): { artifactType?: string; subject?: Descriptor; annotations: StringMap } {
  const artifactType = fields.optionalString('artifactType');
  const subject = fields.object('subject');
  return {
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(subject === undefined ? {} : { subject: readDescriptor(subject) }),
    annotations: fields.stringMap('annotations') ?? Object.create(null),
  };
}

function schema1Removed(name: string): WherryError {
  return new WherryError(
    'InvalidArgument',
    'Docker Image Format v1 and Docker Image manifest version 2, schema 1 support has been removed. Suggest the ' +
      `author of ${name} to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2. More ` +
      'information at https://docs.docker.com/go/deprecated-image-specs/',
  );
}

/** What is taken from an index when nobody asks for a platform: Wasm, else Linux for this machine. */
export function defaultPlatforms(hostArchitecture: string): readonly Platform[] {
  return [wasmPlatform, { os: 'linux', architecture: hostArchitecture }];
}

/**
 * The manifest of an index to use: the best match for the first of the wanted platforms that has any. Attestations
 * are passed over; an entry that names no platform serves when nothing else does. Throws `NotFound` with Docker's
 * text and what the index offers.
 */
export function chooseManifest(index: Index, wanted: readonly Platform[]): Descriptor {
  const candidates = index.manifests.filter((descriptor) => !isAttestation(descriptor));
  for (const platform of wanted) {
    let best: Descriptor | undefined;
    let bestMatch = 0;
    for (const descriptor of candidates) {
      const match = descriptor.platform === undefined ? 0 : platformMatch(platform, descriptor.platform);
      if (match > bestMatch) {
        best = descriptor;
        bestMatch = match;
      }
    }
    if (best !== undefined) return best;
  }
  const unnamed = candidates.find((descriptor) => descriptor.platform === undefined);
  if (unnamed !== undefined) return unnamed;
  const offered = candidates.map((descriptor) => formatPlatform(descriptor.platform ?? wasmPlatform));
  const wantedText = formatPlatform(wanted[0] ?? wasmPlatform);
  const hint =
    wanted.some(isWasmPlatform) && offered.length > 0 ? `; use --platform ${offered[0]} to take that one` : '';
  const offer =
    offered.length === 0 ? 'the index offers nothing' : `the index offers ${offered.slice(0, 20).join(', ')}`;
  throw new WherryError(
    'NotFound',
    `no matching manifest for ${wantedText} in the manifest list entries: ${offer}${hint}`,
  );
}

/** BuildKit stores signatures and provenance beside the images of an index. */
export function isAttestation(descriptor: Descriptor): boolean {
  const kind = descriptor.annotations?.['vnd.docker.reference.type'];
  return kind === 'attestation-manifest' || descriptor.platform?.os === 'unknown';
}
