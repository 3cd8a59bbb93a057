import type { Descriptor } from '../../oci/index.ts';
import type { Labels } from './basics.ts';

/** A name for a descriptor. Names are full references (`docker.io/library/hello:latest`) or ids for dangling ones. */
export interface Image {
  readonly name: string;
  readonly target: Descriptor;
  readonly labels: Labels;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export interface ImagesTx {
  get(name: string): Image;
  find(name: string): Image | null;
  list(): readonly Image[];
  /** AlreadyExists when the name is taken. Passes the gate. */
  create(image: { name: string; target: Descriptor; labels?: Labels }): Image;
  /** Creates or repoints. Passes the gate. */
  put(image: { name: string; target: Descriptor; labels?: Labels }): Image;
  delete(name: string): void;
}
