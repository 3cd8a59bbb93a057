import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

import { foreign_shim_log_line_bytes_max } from '../../../limits/index.ts';
import type { Log } from '../../log.ts';

const { O_NONBLOCK, O_RDWR } = constants;

/** Takes what a shim writes to the named pipe at `path` into the daemon's log. */
export class ShimLog {
  readonly #socket: Socket;
  readonly #log: Log;
  readonly #name: string;
  #rest = '';

  constructor(path: string, name: string, log: Log) {
    this.#log = log;
    this.#name = name;
    // Open for both directions, so that it neither waits for the shim nor ends with one of those that write.
    const fd = openSync(path, O_RDWR | O_NONBLOCK);
    this.#socket = new Socket({ fd, readable: true, writable: false } as object);
    this.#socket.setEncoding('utf8');
    this.#socket.on('error', () => {});
    this.#socket.on('data', (text: string) => this.#take(text));
    this.#socket.unref();
  }

  close(): void {
    this.#socket.destroy();
    if (this.#rest !== '') this.#say(this.#rest);
    this.#rest = '';
  }

  #take(text: string): void {
    const lines = (this.#rest + text).split('\n');
    const rest = lines.pop()!;
    for (const line of lines) this.#say(line);
    this.#rest = rest.slice(0, foreign_shim_log_line_bytes_max);
  }

  #say(line: string): void {
    const text = `shim ${this.#name}: ${line.slice(0, foreign_shim_log_line_bytes_max)}`;
    if (/\blevel=(error|fatal|panic)\b/.test(line)) this.#log.error(text);
    else if (/\blevel=warn/.test(line)) this.#log.warn(text);
    else if (line !== '') this.#log.info(text);
  }
}
