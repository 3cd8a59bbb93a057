import type { ServiceHandlers } from '../../../wire/index.ts';
import type { VersionService } from '../../../wire/services.ts';

/** containerd's Version service: which containerd a client may take this for. */
export function versionService(about: { version: string; revision: string }): ServiceHandlers<typeof VersionService> {
  return { version: async () => about };
}
