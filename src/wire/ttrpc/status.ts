import { create } from '@bufbuild/protobuf';

import { classOfGrpc, fromUnknown, grpcStatus, WherryError } from '../../errors/index.ts';
import { ttrpc_status_message_bytes_max } from '../../limits/index.ts';
import { type Status, StatusSchema } from '../gen/google/rpc/status_pb.ts';

/** The `google.rpc.Status` that tells a caller of anything thrown; what is no `WherryError` has code 2. */
export function toStatus(thrown: unknown): Status {
  const { message } = fromUnknown(thrown);
  return create(StatusSchema, {
    code: grpcStatus(thrown),
    message: Buffer.byteLength(message) <= ttrpc_status_message_bytes_max ? message : shortened(message),
  });
}

/** The error a status stands for, or undefined for none: no status and code 0 both mean that the call succeeded. */
export function fromStatus(status: Status | undefined): WherryError | undefined {
  if (status === undefined || status.code === 0) return undefined;
  return new WherryError(classOfGrpc(status.code), status.message);
}

/** Keeps an error's own text from being what makes its answer too long to send. */
function shortened(message: string): string {
  return `${message.slice(0, ttrpc_status_message_bytes_max / 4)} [...]`;
}
