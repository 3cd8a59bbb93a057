export { SystemError } from './linux/library.ts';
export { errno } from './linux/errno.ts';
export {
  allocate,
  close,
  closeRange,
  dataSync,
  duplicate,
  duplicateOnto,
  eventDescriptor,
  fillRandom,
  memoryFile,
  O,
  pipe,
  POLL,
  poll,
  pread,
  pwrite,
  read,
  readableBytes,
  seek,
  setStatusFlags,
  statusFlags,
  sync,
  truncate,
  tryLock,
  write,
} from './linux/descriptors.ts';
export type { Polled } from './linux/descriptors.ts';
export {
  AT_FDCWD,
  attribute,
  filesystemType,
  linkAt,
  listDirectory,
  makeDirectoryAt,
  openAt,
  openBeneath,
  readlinkAt,
  removeDirectoryAt,
  renameAt,
  RESOLVE,
  S,
  setAttribute,
  setMode,
  setOwner,
  setOwnerAt,
  setTimes,
  setTimesAt,
  statAt,
  statAtOrNull,
  statDescriptor,
  symlinkAt,
  unlinkAt,
} from './linux/paths.ts';
export type { FileStat, ListedEntry } from './linux/paths.ts';
export {
  copyRange,
  deviceNumber,
  linkNode,
  listNodes,
  makeDirectoryNode,
  makeNode,
  makeSymlinkNode,
  nodeAttributes,
  openNode,
  readNodeLink,
  removeDirectoryNode,
  setNodeAttribute,
  setNodeMode,
  setNodeOwner,
  setNodeTime,
  statNode,
  unlinkNode,
} from './linux/nodes.ts';
export { mount, MS, syncFilesystem, unmount } from './linux/mounts.ts';
export {
  connectUnix,
  MSG,
  passCredentials,
  peerCredentials,
  receiveMessage,
  sendMessage,
  socketPair,
} from './linux/sockets.ts';
export type { Credentials, Message } from './linux/sockets.ts';
export { acceptConnection, listenTcp, receive, SHUT, shutdownSocket } from './linux/tcp.ts';
export type { ListenOptions, TcpListener } from './linux/tcp.ts';
export {
  dataBytes,
  dieWithParent,
  exitNow,
  forbidTracing,
  fork,
  limitProcess,
  newSession,
  noNewPrivileges,
  openProcess,
  reap,
  RLIMIT,
  setLimit,
  signalByDescriptor,
  signalProcess,
  startTime,
} from './linux/processes.ts';
export type { Ended } from './linux/processes.ts';
export { advise, MADV, mapFile, mapPrivate, reserveAddresses, trimHeap } from './linux/memory.ts';
export { processorTime, processUsage } from './linux/process-usage.ts';
export type { ProcessUsage } from './linux/process-usage.ts';
export type { Mapped } from './linux/memory.ts';
export { actingAs, becomeUser, groupId, setUmask, userId } from './linux/identity.ts';
export type { FilesystemUser } from './linux/identity.ts';
export { CLOCK, clockResolution, clockTime } from './linux/clock.ts';
export { openInside, openInsideByKernel, openInsideByWalking } from './linux/walker.ts';
export type { OpenInside } from './linux/walker.ts';
export { makeFifo } from './linux/fifo.ts';
export { mountsBelow, unmountTree } from './linux/mount-tree.ts';
export { isTerminal, openTerminal, resizeTerminal } from './linux/terminal.ts';
export type { Terminal } from './linux/terminal.ts';
export { findHierarchies, limitsSwap } from './linux/cgroup-hierarchies.ts';
export type { Controller, Hierarchies } from './linux/cgroup-hierarchies.ts';
export {
  ControlGroup,
  no_limits,
  removeGroupsAbove,
  removeLeftGroups,
  removeNamedGroup,
} from './linux/control-group.ts';
export type { GroupLimits } from './linux/control-group.ts';
export { dropCapabilities } from './linux/capabilities.ts';
export { denyByLandlock, landlockVersion } from './linux/landlock.ts';
export { changeRoot, enterEmptyRoot, inNetworkNamespace, NAMESPACE, unshare } from './linux/namespaces.ts';
export { canFilterSystemCalls, filterSystemCalls, knowsSystemCalls, writeFilter } from './linux/seccomp.ts';
export type { AllowedCall, Filter } from './linux/seccomp.ts';
