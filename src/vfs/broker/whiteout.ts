/**
 * Names in a writable layer that are not files of the guest, as in a layer's tar: `.wh.x` removes `x` of the image,
 * `.wh..wh..opq` in a directory removes all that the image has there. What starts with `.wh..wh.` else is on its way
 * to be a file, or no more one, and counts for nothing.
 */
const whiteout_prefix = '.wh.';
export const private_prefix = '.wh..wh.';
export const opaque_marker = '.wh..wh..opq';

/** Whether no guest may have a file of that name. */
export function isReserved(name: string): boolean {
  return name.startsWith(whiteout_prefix);
}

export function whiteoutOf(name: string): string {
  return whiteout_prefix + name;
}

let made = 0;

/** A name for something that is not there yet for anybody, unique in this process. */
export function privateName(): string {
  return `${private_prefix}${process.pid}.${made++}`;
}
