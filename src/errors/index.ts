export { WherryError, errorClasses, fromUnknown, isClass } from './error.ts';
export type { ErrorClass } from './error.ts';
export { grpcStatus, httpStatus, classOfGrpc } from './status.ts';
