export { chooseStarter } from './host/choose.ts';
export type { Code, CodeCache, Program } from './host/code-cache.ts';
export { GuestFailed } from './host/starter.ts';
export type { BrokerAnswer, GuestEnd, GuestOptions, GuestProcess, Starter, StarterFigures } from './host/starter.ts';
export type { GuestExit, GuestFailure, GuestJob, ProgramPlace } from './job.ts';
