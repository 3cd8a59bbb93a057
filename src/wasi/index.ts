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
export { createHost } from './host.ts';
export type { Host, HostOptions } from './host.ts';
export { describeMissing, importsNeeded, missingImports } from './missing-imports.ts';
export type { ImportNeeded, MissingImport } from './missing-imports.ts';
export { exitCode } from './exit.ts';
export { checkEntries, endedBy, run, runSuspending } from './run.ts';
export type { Ended, RunOptions } from './run.ts';
export type { TrapFrame } from './trap.ts';
export { createDeviceDirectory } from './devices.ts';
export type { DeviceOptions } from './devices.ts';
export { createMemoryFiles } from './memory/files.ts';
export type { MemoryFiles, MemoryFilesOptions } from './memory/files.ts';
export { createCapture, createSource } from './standard-streams.ts';
export type { Capture, Source } from './standard-streams.ts';
export { createBlockingClock, createPageClock } from './page-clock.ts';
export { openPath } from './open-path.ts';
export { parsePath } from './path.ts';
export { exists, nothingAt, resolve as resolvePath } from './resolver.ts';
export type { Place } from './resolver.ts';
