/** The process that holds guests: `guest.js zygote` forks one for each order, `guest.js spawned` is one itself. */
import { openChannel } from './channel.ts';
import { serveGuest } from './serve.ts';
import { runZygote } from './zygote.ts';

const channel_fd = 3;

if (process.argv[2] === 'zygote') runZygote(process.argv[3] === 'planted-hang');
else if (process.argv[2] === 'spawned') {
  const channel = openChannel(channel_fd);
  serveGuest(channel);
} else {
  process.stderr.write('guest.js: a shim starts this program\n');
  process.exit(2);
}
