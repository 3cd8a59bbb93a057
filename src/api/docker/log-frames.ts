import type { LogRecord } from '../../engine/index.ts';
import { write } from '../../os/index.ts';

export interface LogForm {
  readonly terminal: boolean;
  readonly timestamps: boolean;
  readonly details: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
}

/** Frame types of a multiplexed stream. */
const stream_types = { stdout: 1, stderr: 2 };

/** A record as clients read it: framed, unless the container has a terminal; null when they did not ask for its stream. */
export function logFrame({ stream, text, time, attributes }: LogRecord, form: LogForm): Buffer | null {
  if (!form[stream]) return null;
  let prefix = '';
  if (form.timestamps) prefix += `${nanoseconds(time)} `;
  if (form.details) {
    const pairs = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
    prefix += `${pairs.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join(',')} `;
  }
  const body = Buffer.from(prefix + text);
  return form.terminal ? body : frame(stream_types[stream], body);
}

/** Writes to a client whose connection was handed on, if it still takes anything: why nothing else comes. */
export function lateWords(fd: number, words: string, terminal: boolean): void {
  const bytes = Buffer.from(words);
  try {
    write(fd, terminal ? bytes : frame(stream_types.stdout, bytes));
  } catch {
    // It has left.
  }
}

/** An error of the daemon's within a stream. */
export function errorFrame(message: string): Buffer {
  return frame(3, Buffer.from(`Error grabbing logs: ${message}\n`));
}

function frame(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = type;
  header.writeUInt32BE(body.length, 4);
  return Buffer.concat([header, body]);
}

/** The time with all nine digits. */
export function nanoseconds(time: string): string {
  const [seconds = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}Z`;
}

/** The content type of a container's streams: older clients know one name for both forms. */
export function streamType(terminal: boolean, old: boolean): string {
  return terminal || old ? 'application/vnd.docker.raw-stream' : 'application/vnd.docker.multiplexed-stream';
}
