/** The process that holds guests: `guest.js zygote` forks one for each order, `guest.js spawned` is one itself. */
import { dieWithParent } from '../../os/index.ts';
import { openGuest } from './open-guest.ts';
import { runSpawned } from './spawned.ts';
import { runZygote } from './zygote.ts';

const SIGKILL = 9;

// No guest outlives its shim. One that died before this line has closed the channel, which is read next.
dieWithParent(SIGKILL);

const [, , way, ...words] = process.argv;
const in_bubblewrap = words.includes('in-bubblewrap');

if (way === 'zygote') runZygote({ in_bubblewrap, hangs: words.includes('planted-hang'), open: openGuest });
else if (way === 'spawned') runSpawned({ in_bubblewrap, open: openGuest });
else {
  process.stderr.write('guest.js: a shim starts this program\n');
  process.exit(2);
}
