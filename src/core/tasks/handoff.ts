import { Socket } from 'node:net';

import { WherryError } from '../../errors/index.ts';
import { handoff_answer_ms_max, handoff_at_once_bytes_max } from '../../limits/index.ts';
import { close, connectUnix, MSG, sendMessage } from '../../os/index.ts';
import type { AttachRequest } from '../model.ts';
import type { HandoffRequest } from '../shim-contract.ts';
import type { Log } from '../log.ts';
import type { ProcessName, TaskShim } from './task-shim.ts';

/**
 * Hands over the clients that come with a process which is just being made. The shim waits for them before it starts
 * that, so that nobody need wait for its word on those whose bytes went at once.
 */
export function handOverAll(
  shim: TaskShim,
  process: ProcessName,
  clients: readonly AttachRequest[],
  log: Log,
): readonly Promise<void>[] {
  return clients.flatMap((client) => {
    const taken = shim.attach(process, client, true);
    if (client.head.length > handoff_at_once_bytes_max) return [taken];
    taken.catch((error: Error) => log.warn(error.message));
    return [];
  });
}

/** The longest answer that is read. */
const answer_bytes_max = 64 * 1024;

/**
 * Hands a client's connection to the shim that serves at `address`. `coming`: the container is just being created there.
 * The descriptor is the caller's again when this function returns.
 *
 * @throws WherryError Unavailable when the shim does not answer, Internal with its words when it refuses
 */
export async function handOff(
  address: string,
  { container, exec_id }: ProcessName,
  client: AttachRequest,
  coming: boolean,
): Promise<void> {
  const { stdin, stdout, stderr, detach_keys, head } = client;
  const of_exec = exec_id === '' ? {} : { exec_id };
  const request: HandoffRequest = {
    container,
    ...of_exec,
    stdin,
    stdout,
    stderr,
    detach_keys,
    head_bytes: head.length,
    coming,
  };
  const json = Buffer.from(JSON.stringify(request));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const message = Buffer.concat([length, json, head]);

  let fd: number;
  try {
    fd = connectUnix(address);
  } catch (cause) {
    throw unavailable(container, (cause as Error).message, cause);
  }
  let sent: number;
  try {
    sent = sendMessage(fd, message, [client.fd], MSG.DONTWAIT);
    if (sent <= 0) throw new Error('its socket is full');
  } catch (cause) {
    close(fd);
    throw unavailable(container, (cause as Error).message, cause);
  }
  // The descriptor went with the first bytes; the rest can wait for the shim like any other writing.
  const socket = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  if (sent < message.length) socket.write(message.subarray(sent));
  const answer = await readAnswer(socket, container);
  if (answer !== null) throw new WherryError('Internal', answer);
}

function readAnswer(socket: Socket, container: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(handoff_answer_ms_max, () =>
      socket.destroy(new Error(`no answer within ${handoff_answer_ms_max} ms`)),
    );
    socket.on('data', (piece: string) => {
      text += piece;
      if (text.length > answer_bytes_max) socket.destroy(new Error('its answer is too long'));
      const end = text.indexOf('\n');
      if (end < 0) return;
      socket.destroy();
      const refusal = errorIn(text.slice(0, end));
      if (refusal === undefined) reject(unavailable(container, 'its answer cannot be read'));
      else resolve(refusal);
    });
    socket.on('error', (cause) => reject(unavailable(container, cause.message, cause)));
    socket.on('end', () => socket.destroy(new Error('it hung up')));
  });
}

/** What an answer refuses with, null when it does not; undefined when it is none. */
function errorIn(line: string): string | null | undefined {
  try {
    const { error } = JSON.parse(line) as { error: unknown };
    return error === null ? null : String(error);
  } catch {
    return undefined;
  }
}

function unavailable(container: string, why: string, cause?: unknown): WherryError {
  return new WherryError(
    'Unavailable',
    `Cannot attach to container ${container}: its shim cannot be reached (${why}).`,
    { cause },
  );
}
