export { Connection, DaemonError } from './connection.ts';
export type { Answer, CallOptions } from './connection.ts';
export type { Address, Host } from './host.ts';
export { connectDaemon } from './start-daemon.ts';
export type { ConnectOptions } from './start-daemon.ts';
export { demultiplex } from './multiplexed.ts';
