import { createServer, type Server, type Socket } from 'node:net';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';

import { WherryError } from '../errors/index.ts';
import { handoff_bytes_max, handoff_receive_ms_max } from '../limits/index.ts';
import { close, MSG, peerCredentials, receiveMessage, userId } from '../os/index.ts';
import type { Containers } from './containers.ts';
import type { HandoffRequest } from './contract.ts';
import { parseDetachKeys } from './detach-keys.ts';
import type { Relays } from './relays.ts';

/** Takes over clients that the daemon answered: each connection brings one, as `HandoffRequest` says. */
export function createHandoffServer(containers: Containers, relays: Relays): Server {
  return createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => void take(socket, containers, relays));
}

async function take(socket: Socket, containers: Containers, relays: Relays): Promise<void> {
  socket.on('error', () => {});
  let client: number | null = null;
  let error: string | null = null;
  let taken = (): void => {};
  try {
    const fd = (socket as unknown as { _handle: { fd: number } })._handle.fd;
    if (peerCredentials(fd).uid !== userId()) throw new WherryError('PermissionDenied', 'another user');
    const received = await receive(fd);
    client = received.client;
    const { request, head } = received;
    const process =
      relays.find(request.container, request.exec_id ?? '') ??
      (request.coming
        ? await containers.coming(request.container, request.exec_id ?? '', handoff_receive_ms_max)
        : containers.get(request.container).process(request.exec_id ?? ''));
    // Its start waits for this client, also for one that is refused.
    if (request.coming) taken = () => process.clientTaken();
    const keys = parseDetachKeys(request.detach_keys);
    if (keys === null)
      throw new WherryError('InvalidArgument', `Invalid detach keys (${request.detach_keys}) provided`);
    process.attach(client, head, {
      stdin: request.stdin,
      stdout: request.stdout,
      stderr: request.stderr,
      detach_keys: keys,
    });
    client = null;
  } catch (thrown) {
    error = (thrown as Error).message;
  }
  if (client !== null) close(client);
  taken();
  socket.end(`${JSON.stringify({ error })}\n`, () => socket.destroy());
}

/** What came is copied out of it at once. */
const buffer = Buffer.alloc(64 * 1024);

/** Turns of the loop that are spent looking for the rest of a handoff before it is only looked for now and then. */
const eager_turns = 20;

/** Reads the whole of one handoff. The peer sent it before it waits, so what is missing is on its way. */
async function receive(fd: number): Promise<{ client: number; request: HandoffRequest; head: Buffer }> {
  const give_up_at = Date.now() + handoff_receive_ms_max;
  const chunks: Buffer[] = [];
  const descriptors: number[] = [];
  let have = 0;
  let wanted = 4;
  let json_bytes = -1;
  let request: HandoffRequest | null = null;
  try {
    for (let turns = 0; have < wanted;) {
      const message = receiveMessage(fd, buffer, MSG.DONTWAIT);
      if (message === null) {
        if (Date.now() > give_up_at) throw new WherryError('DeadlineExceeded', 'the handoff did not arrive whole');
        await (++turns < eager_turns ? turn() : sleep(1));
        continue;
      }
      if (message.bytes === 0) throw new WherryError('InvalidArgument', 'the handoff ended early');
      descriptors.push(...message.descriptors);
      chunks.push(Buffer.from(buffer.subarray(0, message.bytes)));
      have += message.bytes;
      if (json_bytes < 0 && have >= 4) {
        json_bytes = Buffer.concat(chunks).readUInt32LE(0);
        wanted = 4 + json_bytes;
      }
      if (json_bytes >= 0 && request === null && have >= wanted) {
        request = readRequest(Buffer.concat(chunks).toString('utf8', 4, wanted));
        wanted += request.head_bytes;
      }
      if (wanted > handoff_bytes_max) throw new WherryError('InvalidArgument', 'the handoff is too long');
    }
    const [client, ...more] = descriptors;
    if (client === undefined || request === null)
      throw new WherryError('InvalidArgument', 'the handoff brings no client');
    for (const extra of more) close(extra);
    return { client, request, head: Buffer.concat(chunks).subarray(4 + json_bytes, wanted) };
  } catch (error) {
    for (const each of descriptors) close(each);
    throw error;
  }
}

function readRequest(json: string): HandoffRequest {
  const request = JSON.parse(json) as HandoffRequest;
  const { container, exec_id, detach_keys, head_bytes, coming } = request;
  if (
    typeof container !== 'string' ||
    (exec_id !== undefined && typeof exec_id !== 'string') ||
    typeof detach_keys !== 'string' ||
    typeof coming !== 'boolean' ||
    !Number.isSafeInteger(head_bytes) ||
    head_bytes < 0
  )
    throw new WherryError('InvalidArgument', 'the handoff does not say whose it is');
  return request;
}
