import { join } from 'node:path';

import type { Paths } from '../paths.ts';
import type { SnapshotPiece, SnapshotRow } from '../store/rows.ts';

const folder_prefix = 'folder:';

/** Whether a piece is a committed snapshot's directory and no layer. */
export function isFolder(piece: SnapshotPiece): boolean {
  return piece.startsWith(folder_prefix);
}

export function folderPiece(folder: string): SnapshotPiece {
  return folder_prefix + folder;
}

export function folderOf(piece: SnapshotPiece): string {
  return piece.slice(folder_prefix.length);
}

/** The name under `paths.unpacked` of what the snapshot with this folder has itself. */
export function directoryName(folder: string): string {
  return `f${Buffer.from(folder, 'hex').toString('base64url')}`;
}

/** Whether a name under `paths.unpacked` is one of `directoryName`. */
export function isDirectoryName(name: string): boolean {
  return /^f[A-Za-z0-9_-]{22}$/.test(name);
}

/** The path of what the snapshot with this folder has itself, for the kernel. */
export function ownPath(paths: Paths, folder: string): string {
  return join(paths.unpacked, directoryName(folder));
}

/** What a snapshot lies on, base first, and itself when it is committed. */
export function piecesOf(row: SnapshotRow): readonly SnapshotPiece[] {
  return row.pieces ?? row.diff_ids;
}
