import type { Any } from '../../../core/index.ts';
import { userId } from '../../../os/index.ts';
import { findInit } from '../../runtimes.ts';
import type { ContainersContext } from '../context.ts';
import { corePath } from '../core-dump.ts';
import type { ContainerRecord } from '../record.ts';
import { buildLinuxSpec } from './linux/spec.ts';
import { buildSpec } from './spec.ts';
import type { GuestUser } from './user.ts';

/** A container as its runtime is told of it, WebAssembly or Linux: config.json of the runtime specification. */
export function containerSpec({ space }: ContainersContext, record: ContainerRecord, user: GuestUser): Any {
  const bundle = space.bundle(record.id);
  if (record.runtime === undefined)
    return buildSpec(record, user, { bundle, core: corePath(space.logPath(record.id)) });
  return buildLinuxSpec(record, user, {
    bundle,
    namespace: space.name,
    init: record.host_config.Init === true ? findInit() : null,
    rootless: userId() !== 0,
  });
}
