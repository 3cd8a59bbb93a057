import type { LayerIndex } from '../../oci/index.ts';
import type { FilesystemUser } from '../../os/index.ts';
import type { LayerData } from '../layer-data.ts';
import type { Client } from './client.ts';
import type { Moves } from './moves.ts';
import type { Touched } from './touched.ts';

/** What all directories of one guest share. */
export interface Space {
  readonly client: Client;
  /** The merged index of the image, and the layers that its entries name. */
  readonly index: LayerIndex;
  readonly data: readonly LayerData[];
  readonly user: FilesystemUser;
  readonly touched: Touched;
  readonly moves: Moves;
}
