export { prepareWalls } from './raise.ts';
export type { Walls } from './raise.ts';
