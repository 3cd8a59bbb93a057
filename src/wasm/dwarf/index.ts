export { locate, type SourceFrame } from './locate.ts';
export { readableName, withoutHash } from './readable-name.ts';
export type { SectionSource } from './sections.ts';
