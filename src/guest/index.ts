export { chooseStarter } from './host/choose.ts';
export { GuestFailed } from './host/starter.ts';
export type { BrokerAnswer, GuestEnd, GuestOptions, GuestProcess, Starter, StarterFigures } from './host/starter.ts';
export type { GuestExit, GuestFailure, GuestJob } from './job.ts';
