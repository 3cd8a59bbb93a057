import { WherryError } from '../../errors/index.ts';
import type { Gate, Image, ImagesTx } from '../model.ts';
import { checkName } from '../names.ts';
import type { ImageRow } from './rows.ts';
import type { Scope } from './scope.ts';
import type { Table } from './table.ts';

export interface ImagesOptions {
  readonly table: Table<ImageRow>;
  readonly scope: Scope;
  readonly gate: Gate;
  /** Called once a change is durable. */
  readonly changed: () => void;
}

/** The images of one namespace. */
export function createImages(namespace: string, { table, scope, gate, changed }: ImagesOptions): ImagesTx {
  const find = (name: string): Image | null => {
    const row = table.find(namespace, name);
    return row === null ? null : toImage(name, row);
  };
  const write: ImagesTx['put'] = ({ name, target, labels }) => {
    scope.requireAct();
    checkName('an image', name);
    gate.imageVisible(namespace, { name, target });
    const now = new Date().toISOString();
    const before = table.find(namespace, name);
    const row: ImageRow = {
      target,
      labels: labels ?? before?.labels ?? {},
      created_at: before?.created_at ?? now,
      updated_at: now,
    };
    table.put(namespace, name, row);
    scope.after(changed);
    return toImage(name, row);
  };
  return {
    find,
    get(name) {
      const image = find(name);
      if (image === null) throw new WherryError('NotFound', `image "${name}": not found`);
      return image;
    },
    list: () => table.list(namespace).map(({ key, value }) => toImage(key, value)),
    create(image) {
      if (table.has(namespace, image.name)) {
        throw new WherryError('AlreadyExists', `image "${image.name}": already exists`);
      }
      return write(image);
    },
    put: write,
    delete(name) {
      scope.requireAct();
      if (!table.delete(namespace, name)) throw new WherryError('NotFound', `image "${name}": not found`);
      scope.after(changed);
    },
  };
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
