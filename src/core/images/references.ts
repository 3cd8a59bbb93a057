import {
  type Descriptor,
  type Index,
  isImageConfigType,
  isIndexType,
  isManifestType,
  isTarLayerType,
  type Manifest,
} from '../../oci/index.ts';
import type { Labels } from '../model.ts';

/** What a document points to and needs: a manifest its config and layers, an index its manifests. */
export function childrenOf(document: Manifest | Index): readonly Descriptor[] {
  return document.kind === 'index' ? document.manifests : [document.config, ...document.layers];
}

/** The labels by which containerd's collection finds from a document what it needs. */
export function referenceLabels(document: Manifest | Index): Labels {
  const labels: Record<string, string> = {};
  const counts = new Map<string, number>();
  for (const { mediaType, digest } of childrenOf(document)) {
    const key = `containerd.io/gc.ref.content.${kindOf(mediaType)}`;
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    labels[count > 0 || key.endsWith('.') ? `${key}${count}` : key] = digest;
  }
  return labels;
}

function kindOf(type: string): string {
  if (isManifestType(type) || isIndexType(type)) return 'm.';
  if (isTarLayerType(type)) return 'l.';
  return isImageConfigType(type) ? 'config' : '';
}

/** The name by which containerd's clients know what is being fetched or pushed: `layer-sha256:...`. */
export function referenceKey({ mediaType, digest, annotations }: Descriptor): string {
  const named = annotations?.['org.opencontainers.image.ref.name'];
  const key = named === undefined ? digest : `${named}@${digest}`;
  if (isManifestType(mediaType)) return `manifest-${key}`;
  if (isIndexType(mediaType)) return `index-${key}`;
  if (isTarLayerType(mediaType)) return `layer-${key}`;
  return isImageConfigType(mediaType) ? `config-${key}` : `unknown-${key}`;
}

const source_prefix = 'containerd.io/distribution.source.';

/** The label that says where content came from: its registry, by host without a port, and the repositories there. */
export function sourceLabel(domain: string, repository: string, before: Labels = {}): Labels {
  const key = source_prefix + domain.replace(/:\d+$/, '');
  const known = (before[key] ?? '').split(',').filter((name) => name !== '');
  return { [key]: [...new Set([...known, repository])].sort().join(',') };
}

/** Those of the labels that say where content came from. */
export function sourcesOf(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([key]) => key.startsWith(source_prefix)));
}

/** A repository at the same registry that is known to have something; the one most like the wanted. */
export function mountCandidate(annotations: Labels | undefined, domain: string, repository: string): string | null {
  const key = source_prefix + domain.replace(/:\d+$/, '');
  const known = (annotations?.[key] ?? '').split(',').filter((name) => name !== '' && name !== repository);
  const wanted = repository.split('/');
  let best: string | null = null;
  let best_shared = -1;
  for (const name of known) {
    const parts = name.split('/');
    const shared = parts.findIndex((part, i) => part !== wanted[i]);
    const score = shared < 0 ? parts.length : shared;
    if (score > best_shared) {
      best = name;
      best_shared = score;
    }
  }
  return best;
}
