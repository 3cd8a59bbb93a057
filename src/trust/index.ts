export { allowAll } from './allow-all.ts';
