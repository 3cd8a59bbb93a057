import type { Labels } from './model.ts';

/** Labels by which containerd's clients tell its collection what belongs together. */
export const gcLabel = {
  root: 'containerd.io/gc.root',
  /** When the object may go, as RFC 3339. */
  expire: 'containerd.io/gc.expire',
  /** A lease that holds its resources and not what they refer to. */
  flat: 'containerd.io/gc.flat',
} as const;

export type ResourceType = 'content' | 'snapshot' | 'image' | 'container';

/** Something that a label refers to. */
export interface LabelReference {
  readonly type: ResourceType;
  /** Of a snapshot; '' for others. */
  readonly snapshotter: string;
  readonly key: string;
}

/** What `labels` refer to: what is to stay as long as their object. */
export function referencesOf(labels: Labels): LabelReference[] {
  return read(labels, 'containerd.io/gc.ref.', ['content', 'image']);
}

/** What `labels` refer back to: their object is to stay as long as these. */
export function backReferencesOf(labels: Labels): LabelReference[] {
  return read(labels, 'containerd.io/gc.bref.', ['container', 'content', 'image']);
}

/** When an object with `labels` expires; null when it does not, or when that is no time. */
export function expiryOf(labels: Labels): Date | null {
  const text = Object.hasOwn(labels, gcLabel.expire) ? labels[gcLabel.expire] : undefined;
  if (text === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.,]\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)) return null;
  const at = new Date(text.replace(',', '.'));
  return Number.isNaN(at.getTime()) ? null : at;
}

/** `<start>content[.<any>]`, `<start>snapshot.<snapshotter>[/<any>]` and the like. */
function read(labels: Labels, start: string, types: readonly ResourceType[]): LabelReference[] {
  const found: LabelReference[] = [];
  for (const [name, key] of Object.entries(labels)) {
    if (!name.startsWith(start)) continue;
    const rest = name.slice(start.length);
    if (rest.startsWith('snapshot.')) {
      const [snapshotter = ''] = rest.slice('snapshot.'.length).split('/', 1);
      found.push({ type: 'snapshot', snapshotter, key });
      continue;
    }
    const type = types.find((each) => rest === each || rest.startsWith(`${each}.`) || rest.startsWith(`${each}/`));
    if (type !== undefined) found.push({ type, snapshotter: '', key });
  }
  return found;
}
