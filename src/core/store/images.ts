import { WherryError } from '../../errors/index.ts';
import { digestFault } from '../digest-fault.ts';
import { gcLabel } from '../gc-labels.ts';
import { checkLabels, keyOfPath, withKey } from '../labels.ts';
import type { Gate, Image, ImageFields, ImageOptions, ImagesTx, Labels, LeasesTx } from '../model.ts';
import { checkName } from '../names.ts';
import { objectEvent } from './object-events.ts';
import type { ImageRow } from './rows.ts';
import type { Publish, Scope } from './scope.ts';
import type { Table } from './table.ts';

export interface ImagesOptions {
  readonly table: Table<ImageRow>;
  readonly leases: LeasesTx;
  readonly scope: Scope;
  readonly gate: Gate;
  readonly publish: Publish;
  /** Sees to it that the namespace is there. */
  readonly touch: () => void;
  /** Called once a change is durable. */
  readonly changed: () => void;
}

/** The images of one namespace. */
export function createImages(namespace: string, options: ImagesOptions): ImagesTx {
  const { table, leases, scope, gate, publish, touch, changed } = options;
  const find = (name: string): Image | null => {
    const row = table.find(namespace, name);
    return row === null ? null : toImage(name, row);
  };
  const get = (name: string): Image => {
    const image = find(name);
    if (image === null) throw notFound(name);
    return image;
  };
  const write = ({ name, target }: ImageFields, labels: Labels, before: Image | null, at = new Date()): Image => {
    checkName('an image', name);
    gate.imageVisible(namespace, { name, target });
    const now = at.toISOString();
    const row: ImageRow = { target, labels, created_at: before?.created_at.toISOString() ?? now, updated_at: now };
    table.put(namespace, name, row);
    touch();
    scope.after(changed);
    const tell = before === null ? objectEvent.imageCreate : objectEvent.imageUpdate;
    publish(namespace, tell(name, labels));
    return toImage(name, row);
  };
  /** An image that does not expire stays by itself and needs no lease. */
  const hold = ({ lease }: ImageOptions, name: string, labels: Labels): void => {
    if (lease === undefined || lease === null || !(gcLabel.expire in labels)) return;
    if (!leases.has(lease)) throw new WherryError('NotFound', 'lease does not exist: not found');
    leases.add(lease, { type: 'images', id: name });
  };
  return {
    find,
    get,
    list: () => table.list(namespace).map(({ key, value }) => toImage(key, value)),
    create(image, how = {}) {
      scope.requireAct();
      const labels = checked(image);
      hold(how, image.name, labels);
      if (table.has(namespace, image.name))
        throw new WherryError('AlreadyExists', `image ${JSON.stringify(image.name)}: already exists`);
      return write(image, labels, null, how.at);
    },
    update(image, paths = [], how = {}) {
      scope.requireAct();
      if (image.name === '')
        throw new WherryError('InvalidArgument', 'image name is required for update: invalid argument');
      const before = get(image.name);
      const next = paths.length === 0 ? image : masked(before, image, paths);
      const labels = checked(next);
      hold(how, image.name, labels);
      return write({ name: image.name, target: next.target }, labels, before, how.at);
    },
    put({ name, target, labels }) {
      scope.requireAct();
      checkName('an image', name);
      const before = find(name);
      return write({ name, target }, labels ?? before?.labels ?? {}, before);
    },
    delete(name, { target, lease } = {}) {
      scope.requireAct();
      if (target !== undefined && target !== '') {
        const { digest } = get(name).target;
        if (digest !== target)
          throw new WherryError(
            'NotFound',
            `image ${JSON.stringify(name)} has target ${digest}, not ${target}: not found`,
          );
      }
      if (!table.delete(namespace, name)) throw notFound(name);
      if (lease !== undefined && lease !== null && leases.has(lease))
        leases.remove(lease, { type: 'images', id: name });
      scope.after(changed);
      publish(namespace, objectEvent.imageDelete(name));
    },
  };
}

/** The labels as they are stored. */
function checked({ name, target, labels = {} }: ImageFields): Labels {
  const refuse = (reason: string): never => {
    throw new WherryError('InvalidArgument', `${reason}: invalid argument`);
  };
  if (name === '') refuse('image name must not be empty');
  const kept = checkLabels('image.Labels', labels);
  const fault = digestFault(target.digest);
  if (fault !== null) refuse(`Target.Digest ${JSON.stringify(target.digest)} invalid: ${fault}`);
  if (target.size <= 0) refuse('Target.Size must be greater than zero');
  if (target.mediaType === '') refuse('Target.MediaType must be set');
  return kept;
}

function masked(before: Image, given: ImageFields, paths: readonly string[]): ImageFields {
  const { labels: given_labels = {}, target: given_target } = given;
  let { labels, target } = before;
  for (const path of paths) {
    const label = keyOfPath(path, 'labels');
    const annotation = keyOfPath(path, 'annotations');
    if (label !== null) labels = withKey(labels, label, given_labels);
    else if (annotation !== null) {
      const annotations = withKey(target.annotations ?? {}, annotation, given_target.annotations ?? {});
      target = { ...target, annotations };
    } else if (path === 'labels') labels = given_labels;
    else if (path === 'target') target = given_target;
    else if (path === 'annotations') target = { ...target, annotations: given_target.annotations ?? {} };
    else {
      throw new WherryError(
        'InvalidArgument',
        `cannot update ${JSON.stringify(path)} field on image ${JSON.stringify(given.name)}: invalid argument`,
      );
    }
  }
  return { name: given.name, target, labels };
}

function notFound(name: string): WherryError {
  return new WherryError('NotFound', `image ${JSON.stringify(name)}: not found`);
}

function toImage(name: string, row: ImageRow): Image {
  return {
    name,
    target: row.target,
    labels: row.labels,
    created_at: new Date(row.created_at),
    updated_at: new Date(row.updated_at),
  };
}
