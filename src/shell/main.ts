/** The shell as a guest's process loads it: a file of its own, since most guests never do. */
import { Input, Interrupted, Output, provides, runShell, Streams } from './index.ts';

export { Input, Interrupted, Output, provides, runShell, Streams };
