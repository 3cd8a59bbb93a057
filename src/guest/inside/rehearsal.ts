import { bareModulePath } from '../../oci/index.ts';
import { close, memoryFile, O, openAt, AT_FDCWD, sendMessage, socketPair, write } from '../../os/index.ts';
import { encodeFrame, frame, type GuestJob } from '../job.ts';
import { becomeChild, type Places } from './child.ts';
import { rehearsalImage } from './rehearsal-image.ts';
import { run, takeJob } from './serve.ts';

/** Far from what a zygote has open. */
const places: Places = { channel: 800, last: 806, eventfds: [805] };

/**
 * Goes the whole way of a child in this process, with a small guest of our own whose output goes nowhere: every
 * function on that way is then compiled, every call into the kernel bound.
 */
export function rehearse(): void {
  const image = rehearsalImage();
  const job: GuestJob = {
    args: [bareModulePath, 'x'],
    env: ['PATH=/bin', 'HOME=/'],
    cwd: '/',
    user: { uid: 0, gid: 0, groups: [] },
    root_read_only: false,
    layers: [{ diff_id: image.diff_id, index_bytes: image.index.length }],
    chain_index_bytes: image.chain_index.length,
    mounts: [],
    touched: [],
    memory_pages_max: 65_536,
    table_entries_max: 10_000_000,
    host_uid: null,
  };
  const nothing = openAt(AT_FDCWD, '/dev/null', O.RDWR);
  const module = file(image.module);
  const index = file(image.index);
  const chain_index = file(image.chain_index);
  const [shim, guest] = socketPair();
  sendMessage(shim, encodeFrame(frame.descriptors), [nothing, nothing, nothing, chain_index, module, index]);
  sendMessage(shim, encodeFrame(frame.job, Buffer.from(JSON.stringify(job))));
  sendMessage(shim, encodeFrame(frame.go));
  const channel = becomeChild(guest, () => void write(nothing, Buffer.from('.')), places);
  const taken = takeJob(channel);
  const exit = run(channel, taken);
  if (exit.code !== 0) throw new Error(`the rehearsal ended with ${exit.code}: ${exit.trap}`);
  channel.send(frame.exited, Buffer.from(JSON.stringify(exit)));
  for (const fd of [
    nothing,
    module,
    index,
    chain_index,
    shim,
    guest,
    channel.fd,
    805,
    taken.chain_index,
    ...taken.stdio,
  ])
    close(fd);
  for (const layer of taken.layers) {
    close(layer.tar);
    close(layer.index);
  }
}

function file(bytes: Uint8Array): number {
  const fd = memoryFile('rehearsal');
  write(fd, bytes);
  return fd;
}
