export { startDaemon } from './compose.ts';
export type { Daemon, Programs } from './compose.ts';
