import { fromUnknown, WherryError } from '../../errors/index.ts';
import { limitsSupport, linuxLimitsSupport } from '../limits-support.ts';
import type { Any } from '../../core/index.ts';
import { documentType } from '../../wire/index.ts';
import type { Resources, RestartPolicy } from './config.ts';
import type { ContainerRecord } from './record.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';
import { containerSpec } from './create/container-spec.ts';
import { findUser, root_user } from './create/user.ts';
import { limitWarnings } from './create/limit-warnings.ts';
import { packResources } from './create/linux-resources.ts';
import { replaceSpec } from './create/persist.ts';
import { knownLimits } from './create/linux/known-limits.ts';
import { containerResources } from './create/linux/resources.ts';
import { validateResources } from './create/validate-resources.ts';
import { validateRestartPolicy } from './restart-policy.ts';

/**
 * Changes resources and restart policy of a container. Limits hold at once where it runs.
 *
 * @throws WherryError with Docker's texts
 */
export function updateContainer(
  context: ContainersContext,
  container: Container,
  fields: Partial<Resources>,
  policy: RestartPolicy | null,
): Promise<readonly string[]> {
  return container.turns.take(async () => {
    if (policy !== null) validateRestartPolicy(policy);
    const before = container.record;
    try {
      if (container.removing || container.removed) {
        throw new WherryError('Unknown', 'container is marked for removal and cannot be "update"');
      }
      const { host_config } = before;
      const changed = { ...host_config, ...fields };
      if (fields.MemorySwap === undefined && host_config.MemorySwap > 0 && changed.Memory > host_config.MemorySwap) {
        throw new WherryError(
          'Unknown',
          'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
        );
      }
      validateResources(changed);
      if (policy !== null) {
        if (host_config.AutoRemove && !['', 'no'].includes(policy.Name)) {
          throw new WherryError(
            'Conflict',
            'Restart policy cannot be updated because AutoRemove is enabled for the container',
          );
        }
      }
      const RestartPolicy = policy === null || policy.Name === '' ? host_config.RestartPolicy : policy;
      container.change({ host_config: { ...changed, RestartPolicy } });
      const limits = Object.keys(fields).length > 0;
      if (limits && container.process === 'running') {
        await context.space.tasks.update(container.id, packUpdate(container.record));
      }
      await writeDown(context, container);
    } catch (cause) {
      container.change({ host_config: before.host_config });
      const { class: errorClass, message } = fromUnknown(cause);
      throw new WherryError(errorClass, `Cannot update container ${container.id}: ${message}`, { cause });
    }
    container.publish('update');
    const support = before.runtime === undefined ? limitsSupport() : linuxLimitsSupport();
    return [...limitWarnings(fields, support), ...runningWarnings(container, before.host_config)];
  });
}

/** What of a new memory limit waits for the next start. */
function runningWarnings({ process, record }: Container, before: Resources): readonly string[] {
  const { Memory } = record.host_config;
  if (record.runtime !== undefined) return [];
  if (process !== 'running' || Memory === before.Memory) return [];
  if (before.Memory === 0) return ['What the container has in memory already is not counted until its next start.'];
  return ['The memories of the module keep the bound that they were started with until the next start.'];
}

/** What a container that runs is to hold to from now on, for its shim. */
function packUpdate({ runtime, host_config }: ContainerRecord): Any {
  if (runtime === undefined) return packResources(host_config);
  const { blockIO: _, ...resources } = containerResources(host_config, knownLimits());
  return { type_url: documentType.linuxResources, value: Buffer.from(JSON.stringify(resources)) };
}

async function writeDown(context: ContainersContext, { record, id }: Container): Promise<void> {
  const { config, host_config, start_error } = record;
  const user =
    start_error !== ''
      ? root_user
      : await findUser(config.User, host_config.GroupAdd ?? [], await context.space.mounts(id));
  await replaceSpec(context, record, containerSpec(context, record, user));
}
