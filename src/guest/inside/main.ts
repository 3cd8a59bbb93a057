/**
 * The process that holds guests: `guest.js zygote` forks one for each order, `guest.js spawned` is one itself;
 * `guest.js compile` compiles a program for later ones. What comes next is the path of the native part, or nothing.
 */
import { dieWithParent, exitNow } from '../../os/index.ts';
import { compileWhole } from './compiler.ts';
import { openGuest } from './open-guest.ts';
import { runSpawned } from './spawned.ts';
import { runZygote } from './zygote.ts';

const SIGKILL = 9;

// No guest outlives its shim. One that died before this line has closed the channel, which is read next.
dieWithParent(SIGKILL);

const [, , way, native = '', ...words] = process.argv;
const in_bubblewrap = words.includes('in-bubblewrap');

if (way === 'zygote') runZygote({ native, in_bubblewrap, hangs: words.includes('planted-hang'), open: openGuest });
else if (way === 'compile') exitNow(compileWhole(native, words[0] ?? ''));
else if (way === 'spawned') runSpawned({ in_bubblewrap, open: openGuest });
else {
  process.stderr.write('guest.js: a shim starts this program\n');
  process.exit(2);
}
