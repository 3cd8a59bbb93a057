import { create, fromBinary, toBinary } from '@bufbuild/protobuf';

import {
  BootstrapParamsSchema,
  type BootstrapResult,
  BootstrapResultSchema,
} from './gen/containerd/runtime/bootstrap/v1/bootstrap_pb.ts';

/** What a shim's program is told at its start beside its arguments. */
export interface BootstrapWords {
  readonly id: string;
  readonly namespace: string;
  readonly version: string;
  readonly address: string;
  readonly ttrpc_address: string;
  readonly publish_binary: string;
  /** The runtime's own options. */
  readonly options: { readonly type_url: string; readonly value: Uint8Array } | null;
}

/** The message that a shim's program of containerd 2.3 and later reads at its start. */
export function bootstrapParams(words: BootstrapWords): Uint8Array {
  const { id, namespace, version, address, ttrpc_address, publish_binary, options } = words;
  return toBinary(
    BootstrapParamsSchema,
    create(BootstrapParamsSchema, {
      instanceId: id,
      namespace,
      containerdVersion: version,
      containerdGrpcAddress: address,
      containerdTtrpcAddress: ttrpc_address,
      containerdBinary: publish_binary,
      extensions: options === null ? [] : [{ value: { typeUrl: options.type_url, value: options.value } }],
    }),
  );
}

/** What such a program prints then; null when `bytes` are no such message. */
export function readBootstrapResult(bytes: Uint8Array): BootstrapResult | null {
  try {
    const result = fromBinary(BootstrapResultSchema, bytes);
    return result.version > 0 && result.address !== '' && result.protocol !== '' ? result : null;
  } catch {
    return null;
  }
}
