import { type ErrorClass, WherryError } from './error.ts';

/** Each class with its gRPC code (google.rpc.Code) and the HTTP status that Docker's API gives for it. */
const table: Record<ErrorClass, { grpc: number; http: number }> = {
  Cancelled: { grpc: 1, http: 500 },
  Unknown: { grpc: 2, http: 500 },
  InvalidArgument: { grpc: 3, http: 400 },
  DeadlineExceeded: { grpc: 4, http: 500 },
  NotFound: { grpc: 5, http: 404 },
  AlreadyExists: { grpc: 6, http: 409 },
  PermissionDenied: { grpc: 7, http: 403 },
  ResourceExhausted: { grpc: 8, http: 500 },
  FailedPrecondition: { grpc: 9, http: 400 },
  Conflict: { grpc: 9, http: 409 },
  Aborted: { grpc: 10, http: 500 },
  OutOfRange: { grpc: 11, http: 400 },
  Unimplemented: { grpc: 12, http: 501 },
  Internal: { grpc: 13, http: 500 },
  Unavailable: { grpc: 14, http: 503 },
  DataLoss: { grpc: 15, http: 500 },
  Unauthenticated: { grpc: 16, http: 401 },
  NotModified: { grpc: 9, http: 304 },
};

/** The HTTP status of an error; anything that is not a `WherryError` is 500. */
export function httpStatus(error: unknown): number {
  return error instanceof WherryError ? table[error.class as ErrorClass].http : 500;
}

/** The gRPC code of an error; anything that is not a `WherryError` is 2 (unknown). */
export function grpcStatus(error: unknown): number {
  return error instanceof WherryError ? table[error.class as ErrorClass].grpc : 2;
}

/** The class for a gRPC code, where several share one the general one; an unknown code is `Unknown`. */
export function classOfGrpc(code: number): ErrorClass {
  for (const [name, row] of Object.entries(table)) if (row.grpc === code) return name as ErrorClass;
  return 'Unknown';
}
