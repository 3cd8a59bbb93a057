export { chooseStarter } from './host/choose.ts';
export { GuestFailed } from './host/starter.ts';
export type { BrokerAnswer, GuestEnd, GuestOptions, GuestProcess, Starter, StarterFigures } from './host/starter.ts';
export type { GuestExit, GuestFailure, GuestJob } from './job.ts';
export type { Orders as AttackOrders, Targets as AttackTargets } from './testing/attacker.ts';
export { missingWalls } from './walls.ts';
export type { Wall } from './walls.ts';
