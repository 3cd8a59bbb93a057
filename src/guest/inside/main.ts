/**
 * The process that holds guests: `guest.js zygote` forks one for each order, `guest.js spawned` is one
 * itself; `guest.js compile` compiles a program for later ones. */
import { dieWithParent, exitNow } from '../../os/index.ts';
import { openChannel } from './channel.ts';
import { compileWhole } from './compiler.ts';
import { serveGuest } from './serve.ts';
import { runZygote } from './zygote.ts';

const channel_fd = 3;
const SIGKILL = 9;

// No guest outlives its shim. One that died before this line has closed the channel, which is read next.
dieWithParent(SIGKILL);

const [, , mode, native = '', more = ''] = process.argv;

if (mode === 'zygote') runZygote(native, more === 'planted-hang');
else if (mode === 'compile') exitNow(compileWhole(native, more));
else if (mode === 'spawned') exitNow(serveGuest(openChannel(channel_fd), [0, 1, 2]));
else {
  process.stderr.write('guest.js: a shim starts this program\n');
  process.exit(2);
}
