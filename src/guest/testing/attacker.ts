/**
 * The process of a guest that, instead of running one, does what native code would do that broke out of WebAssembly:
 * it tries every way to the outside that it knows, by raw system calls. A test bundles it, puts it where `guest.js` is
 * and judges what became of what it was set upon. It has walls around it as `guest.js` has, less those in
 * `walls_left_out`, which is put in when it is bundled. It is for x86-64.
 */
import { dieWithParent } from '../../os/index.ts';
import type { Channel } from '../inside/channel.ts';
import type { OpenGuest } from '../inside/open-guest.ts';
import type { TakenJob } from '../inside/serve.ts';
import { runSpawned } from '../inside/spawned.ts';
import { runZygote } from '../inside/zygote.ts';
import { frame } from '../job.ts';
import type { Wall } from '../walls.ts';
import { attack } from './attack.ts';
import { fuzz } from './fuzz.ts';
import { call, now_ms, number_of, print } from './native.ts';

declare const walls_left_out: readonly Wall[];

/** What a container of this program is started with, as JSON in its second argument. */
export interface Orders {
  /** `sit`: is set upon. `attack`: sets upon the others. `fuzz`: sets upon its broker. `outlive`: tries to live on. */
  readonly do: 'sit' | 'attack' | 'fuzz' | 'outlive';
  /** Of what `fuzz` sends. */
  readonly seed?: number;
  readonly targets?: Targets;
}

/** What is set upon: each can be told by the test to be as it was. */
export interface Targets {
  /** A file that anybody may read, and the text in it that nobody may get. */
  readonly secret_file: string;
  /** A file that anybody may write, in a folder that anybody may write. */
  readonly open_file: string;
  readonly open_folder: string;
  readonly tcp_port: number;
  readonly udp_port: number;
  readonly unix_path: string;
  readonly abstract_name: string;
  /** A process that the user of the daemon has started, the shim, and the process of the other container. */
  readonly victim_pid: number;
  readonly shim_pid: number;
  /** As those inside see it. */
  readonly neighbour_pid: number;
}

function open(channel: Channel, taken: TakenJob, walls: readonly Wall[]): OpenGuest {
  channel.takeStart();
  channel.send(frame.running, Buffer.from(JSON.stringify(walls)));
  const orders = JSON.parse(taken.job.args[1]!) as Orders;
  return {
    run() {
      if (orders.do === 'attack') attack(orders.targets!, taken, channel.fd);
      else if (orders.do === 'fuzz') fuzz(channel.fd, orders.seed!);
      else if (orders.do === 'outlive') outlive();
      else sit();
      return { code: 0, trap: null };
    },
  };
}

/** Waits for its end, deaf to all that can be ignored. */
function sit(): never {
  print('sits');
  for (;;) call(number_of.poll, 0, 0, 1000);
}

/** Does away with what ends it, and waits. */
function outlive(): never {
  call(number_of.prctl, 1, 0);
  call(number_of.setsid);
  print('lives');
  const until = now_ms() + 60_000;
  while (now_ms() < until) call(number_of.poll, 0, 0, 1000);
  process.exit(0);
}

dieWithParent(9);
const [, , way, native = '', ...words] = process.argv;
const in_bubblewrap = words.includes('in-bubblewrap');
if (way === 'zygote') runZygote({ native, in_bubblewrap, hangs: false, open, without: walls_left_out });
if (way === 'spawned') runSpawned({ in_bubblewrap, open, without: walls_left_out });
