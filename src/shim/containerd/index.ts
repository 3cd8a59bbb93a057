export { cleanAfterDeath } from './clean.ts';
export { serveContainerd } from './serve.ts';
