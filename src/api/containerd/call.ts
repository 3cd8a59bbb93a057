import { WherryError } from '../../errors/index.ts';
import type { CallContext } from '../../wire/index.ts';

/**
 * The namespace that a call is for, from its header.
 *
 * @throws WherryError FailedPrecondition when it names none, in containerd's words
 */
export function namespaceOf({ metadata }: CallContext): string {
  const [name] = metadata.get('containerd-namespace') ?? metadata.get('containerd-namespace-ttrpc') ?? [];
  if (name === undefined || name === '')
    throw new WherryError('FailedPrecondition', 'namespace is required: failed precondition');
  return name;
}

/** The lease that keeps what a call makes, from its header; null for none. */
export function leaseOf({ metadata }: CallContext): string | null {
  return metadata.get('containerd-lease')?.[0] ?? null;
}
