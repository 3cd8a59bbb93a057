/** The process that holds guests: `guest.js zygote` forks one for each order, `guest.js spawned` is one itself. */
import { dieWithParent, exitNow } from '../../os/index.ts';
import { openChannel } from './channel.ts';
import { serveGuest } from './serve.ts';
import { runZygote } from './zygote.ts';

const channel_fd = 3;
const SIGKILL = 9;

// No guest outlives its shim. One that died before this line has closed the channel, which is read next.
dieWithParent(SIGKILL);

if (process.argv[2] === 'zygote') runZygote(process.argv[3] === 'planted-hang');
else if (process.argv[2] === 'spawned') exitNow(serveGuest(openChannel(channel_fd), [0, 1, 2]));
else {
  process.stderr.write('guest.js: a shim starts this program\n');
  process.exit(2);
}
