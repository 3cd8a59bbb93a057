/** A small shell and the usual tools, for images that have none. */
export { Interrupted } from './errors.ts';
export { provides, runShell } from './shell.ts';
export type { ProgramCall, ShellHost } from './host.ts';
export { Input, Output, Streams } from './streams.ts';
