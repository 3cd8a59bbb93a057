import { log_line_bytes_max } from '../limits/index.ts';

/**
 * Cuts a stream into log lines. A line keeps its newline; one longer than 16 KiB comes in pieces of that size, the
 * newline only on the last, as Docker's logs have it.
 */
export class LineSplitter {
  #rest: Buffer[] = [];
  #rest_bytes = 0;

  /** Calls `emit` for each whole line or piece in `chunk` and what was left before. */
  push(chunk: Buffer, emit: (line: Buffer) => void): void {
    for (let at = 0; at < chunk.length;) {
      const room = log_line_bytes_max - this.#rest_bytes;
      const newline = chunk.indexOf(10, at);
      const end = newline === -1 ? chunk.length : newline + 1;
      if (newline !== -1 && end - at <= room + 1) {
        this.#emit(chunk.subarray(at, end), emit);
        at = end;
      } else if (end - at >= room) {
        this.#emit(chunk.subarray(at, at + room), emit);
        at += room;
      } else {
        this.#rest.push(Buffer.from(chunk.subarray(at, end)));
        this.#rest_bytes += end - at;
        at = end;
      }
    }
  }

  /** What is left at the end of the stream, a line without newline. */
  flush(emit: (line: Buffer) => void): void {
    if (this.#rest_bytes > 0) this.#emit(Buffer.alloc(0), emit);
  }

  #emit(last: Buffer, emit: (line: Buffer) => void): void {
    const line = this.#rest.length === 0 ? last : Buffer.concat([...this.#rest, last]);
    this.#rest = [];
    this.#rest_bytes = 0;
    if (line.length > 0) emit(line);
  }
}
