import type { MessageInitShape, MessageShape } from '@bufbuild/protobuf';

import type { Mount } from '../../core/index.ts';
import { WherryError } from '../../errors/index.ts';
import { mount_options_max, mounts_per_call_max } from '../../limits/index.ts';
import type { mountTypes } from '../../wire/services.ts';

/** Mounts as core has them, checked. */
export function mountsOf(messages: readonly MessageShape<typeof mountTypes.MountSchema>[]): readonly Mount[] {
  if (messages.length > mounts_per_call_max || messages.some(({ options }) => options.length > mount_options_max)) {
    throw new WherryError(
      'InvalidArgument',
      `Cannot take the mounts: there may be ${mounts_per_call_max} with ${mount_options_max} options each.`,
    );
  }
  return messages.map(({ type, source, target, options }) => ({ type, source, target, options }));
}

/** Mounts as a client reads them. */
export function printMounts(mounts: readonly Mount[]): MessageInitShape<typeof mountTypes.MountSchema>[] {
  return mounts.map(({ type, source, target = '', options }) => ({ type, source, target, options: [...options] }));
}
