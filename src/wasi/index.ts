export { errno, Errno, fail } from './errno.ts';
export type { ErrnoName } from './errno.ts';
export { filetype } from './files.ts';
export type {
  Buffers,
  Directory,
  DirectoryEntry,
  File,
  Files,
  Filetype,
  Node,
  OpenOptions,
  Stat,
  Times,
  Walked,
} from './files.ts';
export { clockid } from './clock.ts';
export type { Clock, ClockId, Ready, Waiting } from './clock.ts';
export type { ListeningSocket, Received, Sockets, StreamSocket } from './sockets.ts';
