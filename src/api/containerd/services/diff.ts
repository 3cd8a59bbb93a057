import type { MessageInitShape } from '@bufbuild/protobuf';

import type { Core } from '../../../core/index.ts';
import { WherryError } from '../../../errors/index.ts';
import type { Descriptor } from '../../../oci/index.ts';
import { parseDigest } from '../../../oci/index.ts';
import type { ServiceHandlers } from '../../../wire/index.ts';
import type { descriptorTypes, DiffService } from '../../../wire/services.ts';
import { leaseOf, namespaceOf } from '../call.ts';
import { mountsOf } from '../mounts.ts';

/** containerd's Diff service. */
export function diffService(core: Core): ServiceHandlers<typeof DiffService> {
  return {
    async apply({ diff, mounts, syncFs }, call) {
      if (diff === undefined) throw new WherryError('InvalidArgument', 'Cannot apply a layer: none is named.');
      const { mediaType, digest, size } = diff;
      parseDigest(digest);
      const layer: Descriptor = { mediaType, digest, size: Number(size) };
      const applied = await core.namespace(namespaceOf(call)).differ.apply(layer, mountsOf(mounts), { sync: syncFs });
      return { applied: print(applied) };
    },
    async diff({ left, right, mediaType, ref, labels, sourceDateEpoch }, call) {
      const lease = leaseOf(call);
      const made = await core.namespace(namespaceOf(call)).differ.diff(mountsOf(left), mountsOf(right), {
        media_type: mediaType,
        ref,
        labels,
        time_max_s: sourceDateEpoch === undefined ? null : Number(sourceDateEpoch.seconds),
        ...(lease === null ? {} : { lease }),
      });
      return { diff: print(made) };
    },
  };
}

function print({ mediaType, digest, size }: Descriptor): MessageInitShape<typeof descriptorTypes.DescriptorSchema> {
  return { mediaType, digest, size: BigInt(size) };
}
