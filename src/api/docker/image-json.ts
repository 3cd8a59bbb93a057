import type { DescribedImage, HistoryStep, InspectedImage, Variant } from '../../engine/index.ts';
import type { RunConfig } from '../../oci/index.ts';

/** Whether the request's version is older than the one named. */
export type Before = (version: string) => boolean;

/** `ImageSummary`. */
export function summaryJson(image: DescribedImage, before: Before, withManifests: boolean): Record<string, unknown> {
  const untagged = image.tags.length === 0;
  // Older clients took the place of a name that is not there for one.
  const none = before('1.43') && untagged;
  return {
    Containers: before('1.51') ? -1 : image.containers.length,
    Created: Math.floor(image.dated.getTime() / 1000),
    Id: image.id,
    Labels: image.labels,
    ParentId: '',
    ...(before('1.48') ? {} : { Descriptor: image.target }),
    ...(withManifests ? { Manifests: image.variants.map((variant) => manifestJson(variant, image)) } : {}),
    RepoDigests: none && image.digests.length === 0 ? ['<none>@<none>'] : image.digests,
    RepoTags: none ? ['<none>:<none>'] : image.tags,
    SharedSize: -1,
    Size: image.size_bytes,
    ...(before('1.44') ? { VirtualSize: image.size_bytes } : {}),
  };
}

/** `ImageManifestSummary`. */
function manifestJson(variant: Variant, image: DescribedImage): Record<string, unknown> {
  const { descriptor, kind, available, content_bytes, unpacked_bytes, platform } = variant;
  const isChosen = image.chosen?.descriptor.digest === descriptor.digest;
  return {
    ID: descriptor.digest,
    Descriptor: descriptor,
    Available: available,
    Kind: kind,
    Size: { Content: content_bytes, Total: content_bytes + unpacked_bytes },
    ...(kind === 'image'
      ? {
          ImageData: {
            Platform: platform,
            Containers: isChosen ? image.containers : [],
            Size: { Unpacked: unpacked_bytes },
          },
        }
      : {}),
    ...(kind === 'attestation'
      ? { AttestationData: { For: descriptor.annotations?.['vnd.docker.reference.digest'] ?? '' } }
      : {}),
  };
}

/** `ImageInspect`. */
export function inspectJson(image: InspectedImage, before: Before, withManifests: boolean): Record<string, unknown> {
  const { variant } = image;
  const { config } = variant.image;
  const { platform } = config;
  const created = image.created?.toISOString() ?? (before('1.44') ? '0001-01-01T00:00:00Z' : undefined);
  const comment = config.history.at(-1)?.comment;
  const old = before('1.52');
  return {
    Id: image.id,
    RepoTags: image.tags,
    RepoDigests: image.digests,
    ...(old ? { Parent: '' } : {}),
    ...(old || comment !== undefined ? { Comment: comment ?? '' } : {}),
    ...(created === undefined ? {} : { Created: config.created ?? created }),
    ...(before('1.45') ? { Container: '', ContainerConfig: runConfigJson({}, before) } : {}),
    ...(old ? { DockerVersion: '' } : {}),
    ...(old || config.author !== undefined ? { Author: config.author ?? '' } : {}),
    Config: runConfigJson(config.config, before),
    Architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { Variant: platform.variant }),
    Os: platform.os,
    ...(platform['os.version'] === undefined ? {} : { OsVersion: platform['os.version'] }),
    Size: image.size_bytes,
    ...(before('1.44') ? { VirtualSize: image.size_bytes } : {}),
    ...(old ? { GraphDriver: { Name: 'wherry', Data: {} } } : {}),
    RootFS: { Type: 'layers', Layers: config.diffIDs },
    Metadata: { LastTagTime: image.named_at?.toISOString() ?? '0001-01-01T00:00:00Z' },
    ...(before('1.48') ? {} : { Descriptor: image.target }),
    ...(withManifests ? { Manifests: image.variants.map((each) => manifestJson(each, image)) } : {}),
  };
}

/** How to run the image, with the fields that older versions always had. */
function runConfigJson(run: RunConfig, before: Before): Record<string, unknown> {
  const { ExposedPorts, Volumes, Healthcheck, ...rest } = run;
  const given = {
    ...rest,
    ...(ExposedPorts === undefined ? {} : { ExposedPorts: emptyObjects(ExposedPorts) }),
    ...(Volumes === undefined ? {} : { Volumes: emptyObjects(Volumes) }),
    ...(Healthcheck === undefined ? {} : { Healthcheck }),
  };
  if (!before('1.52')) return withoutEmpty(given);
  const empty = {
    Cmd: null,
    Entrypoint: null,
    Env: null,
    Labels: null,
    OnBuild: null,
    User: '',
    Volumes: null,
    WorkingDir: '',
  };
  if (!before('1.50')) return { ...empty, ...given };
  const ofContainers = {
    Hostname: '',
    Domainname: '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Image: '',
  };
  return { ...ofContainers, ...empty, ...given };
}

function withoutEmpty(fields: Record<string, unknown>): Record<string, unknown> {
  const isEmpty = (value: unknown): boolean =>
    value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value)));
}

function emptyObjects(keys: readonly string[]): Record<string, object> {
  return Object.fromEntries(keys.map((key) => [key, {}]));
}

/** `ImageHistoryResponseItem`s, newest first. */
export function historyJson(image: {
  readonly id: string;
  readonly tags: readonly string[];
  readonly steps: readonly HistoryStep[];
}): readonly Record<string, unknown>[] {
  return image.steps.map(({ created, created_by, comment, size_bytes }, i) => {
    const time = Date.parse(created ?? '');
    return {
      Id: i === 0 ? image.id : '<missing>',
      Created: Number.isNaN(time) ? 0 : Math.floor(time / 1000),
      CreatedBy: created_by ?? '',
      Tags: i === 0 && image.tags.length > 0 ? image.tags : null,
      Size: size_bytes,
      Comment: comment ?? '',
    };
  });
}
