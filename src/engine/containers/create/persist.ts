import type { Any } from '../../../core/index.ts';
import { isClass } from '../../../errors/index.ts';
import type { FoundImage } from '../../images/find-image.ts';
import { wasm_runtime } from '../../runtimes.ts';
import type { ContainersContext } from '../context.ts';
import { type ContainerRecord, packRecord } from '../record.ts';

/** The lease that keeps a container's image as long as the container. */
function leaseOf(id: string): string {
  return `container-${id}`;
}

/** Writes the container, its writable layer and the hold on its image, all or nothing. Passes the gate. */
export async function persistContainer(
  { core, space }: ContainersContext,
  record: ContainerRecord,
  image: FoundImage,
  spec: Any,
): Promise<void> {
  const { id } = record;
  await core.transact((tx) => {
    const leases = tx.leases(space.name);
    leases.create({ id: leaseOf(id) });
    leases.add(leaseOf(id), { type: 'content', id: image.manifest.digest });
    tx.snapshots(space.name).prepare(id, image.chain, image.diff_ids);
    tx.containers(space.name).create({
      id,
      image: image.name,
      runtime: record.runtime?.name ?? wasm_runtime,
      snapshot_key: id,
      spec,
      labels: {},
      extensions: packRecord(record),
    });
  });
}

/** The container in core with another spec. */
export async function replaceSpec(
  { core, space }: ContainersContext,
  record: ContainerRecord,
  spec: Any,
): Promise<void> {
  await core.transact((tx) => {
    const containers = tx.containers(space.name);
    const { created_at: _, updated_at: __, ...fields } = containers.get(record.id);
    containers.update({ ...fields, spec, extensions: { ...fields.extensions, ...packRecord(record) } });
  });
}

/** Takes all of that away again. What a damaged store has lost already is not missed. */
export async function eraseContainer({ core, space }: ContainersContext, id: string): Promise<void> {
  await core.transact((tx) => {
    for (const erase of [
      () => tx.containers(space.name).delete(id),
      () => tx.snapshots(space.name).remove(id),
      () => tx.leases(space.name).delete(leaseOf(id)),
    ]) {
      try {
        erase();
      } catch (error) {
        if (!isClass(error, 'NotFound')) throw error;
      }
    }
  });
}
