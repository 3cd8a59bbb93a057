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

/** An image to be written. */
export interface ImageFields {
  readonly name: string;
  readonly target: Descriptor;
  readonly labels?: Labels;
}

export interface ImageOptions {
  /** A lease that is to hold the image, if the image expires. */
  readonly lease?: string | null;
  /** When it is said to have been made or changed: for images that are to be the same wherever they are built. */
  readonly at?: Date | undefined;
}

export interface ImagesTx {
  get(name: string): Image;
  find(name: string): Image | null;
  list(): readonly Image[];
  /** AlreadyExists when the name is taken. Passes the gate. */
  create(image: ImageFields, options?: ImageOptions): Image;
  /** Replaces labels and target, or only what `paths` name (containerd's Images.Update). Passes the gate. */
  update(image: ImageFields, paths?: readonly string[], options?: ImageOptions): Image;
  /** Creates or repoints. Passes the gate. */
  put(image: ImageFields): Image;
  /** With `target`, NotFound when the image has become another. */
  delete(name: string, options?: ImageOptions & { readonly target?: string }): void;
}
