import type { Descriptor } from '../../oci/index.ts';
import type { Container, ContainerFields } from './containers.ts';

/**
 * Policy. Asked inside the transaction that makes an image visible, creates a container or starts a task, through
 * whatever door; throws `PermissionDenied` with the reason. Core has no default: the composition root gives one.
 */
export interface Gate {
  imageVisible(namespace: string, image: { name: string; target: Descriptor }): void;
  containerCreate(namespace: string, container: ContainerFields): void;
  taskStart(namespace: string, container: Container): void;
}
