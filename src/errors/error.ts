/** containerd's error classes, and `NotModified` which only Docker's API knows. */
export const errorClasses = [
  'Cancelled',
  'Unknown',
  'InvalidArgument',
  'DeadlineExceeded',
  'NotFound',
  'AlreadyExists',
  'PermissionDenied',
  'ResourceExhausted',
  'FailedPrecondition',
  'Conflict',
  'Aborted',
  'OutOfRange',
  'Unimplemented',
  'Internal',
  'Unavailable',
  'DataLoss',
  'Unauthenticated',
  'NotModified',
] as const;

export type ErrorClass = (typeof errorClasses)[number];

/**
 * The one error that crosses rooms. The message is a whole sentence for the user: what was being done, to what,
 * why it failed, what to do. `cause` keeps what was thrown below.
 */
export class WherryError<Class extends ErrorClass = ErrorClass> extends Error {
  readonly class: Class;

  constructor(errorClass: Class, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'WherryError';
    this.class = errorClass;
  }
}

/** Whether `error` is a `WherryError` of the class `errorClass`. */
export function isClass<Class extends ErrorClass>(error: unknown, errorClass: Class): error is WherryError<Class> {
  return error instanceof WherryError && error.class === errorClass;
}

/** Makes a `WherryError` of anything thrown: one that is already stays itself, the rest become `Unknown`. */
export function fromUnknown(thrown: unknown): WherryError {
  if (thrown instanceof WherryError) return thrown;
  if (thrown instanceof Error) return new WherryError('Unknown', thrown.message, { cause: thrown });
  return new WherryError('Unknown', String(thrown));
}
