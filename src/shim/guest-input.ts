import type { Socket } from 'node:net';

/** The writing side of a guest's stdin. What comes after the guest closed it goes nowhere. */
export class GuestInput {
  #stream: Socket | null;
  #waiting: (() => void)[] = [];

  constructor(stream: Socket) {
    this.#stream = stream;
    stream.on('error', () => {});
    stream.on('drain', () => this.#wake());
    stream.on('close', () => {
      this.#stream = null;
      this.#wake();
    });
  }

  /** False when the guest does not keep up: then `resume` is called when it does, or never will. */
  write(chunk: Buffer, resume: () => void): boolean {
    if (this.#stream === null || !this.#stream.writable || this.#stream.write(chunk)) return true;
    this.#waiting.push(resume);
    return false;
  }

  /** Nothing more comes. */
  end(): void {
    this.#stream?.end();
  }

  destroy(): void {
    this.#stream?.destroy();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }
}
