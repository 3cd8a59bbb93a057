import type { Core, NamespaceView } from '../model.ts';

/** The store, and the namespace in it that images are worked on in. */
export interface ImageScope {
  readonly core: Core;
  readonly space: NamespaceView;
}
