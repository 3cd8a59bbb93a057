import { closeSync, constants, openSync, renameSync, rmSync, writeSync } from 'node:fs';

import { WherryError } from '../errors/index.ts';
import { core_bytes_max } from '../limits/index.ts';

const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;

/** A core dump as it comes from a guest's process, piece by piece; at its path it is whole or not there. */
export class CoreWriter {
  readonly #path: string;
  readonly #unfinished: string;
  #fd: number | null = null;
  #written_bytes = 0;
  #failure: string | null = null;

  constructor(path: string) {
    this.#path = path;
    this.#unfinished = `${path}.unfinished`;
  }

  /**
   * Writes a piece. A disk that is full is told of at the end: it is no fault of the guest's.
   *
   * @throws WherryError ResourceExhausted when the guest's process sends more than a dump may have
   */
  add(piece: Uint8Array): void {
    this.#written_bytes += piece.length;
    if (this.#written_bytes > core_bytes_max)
      throw new WherryError('ResourceExhausted', `a core dump has more than ${core_bytes_max} bytes`);
    if (this.#failure !== null) return;
    try {
      this.#fd ??= this.#open();
      for (let at = 0; at < piece.length;) at += writeSync(this.#fd, piece, at);
    } catch (error) {
      this.#failure = (error as Error).message;
    }
  }

  /** Once, when the guest is gone: puts the dump in its place, or away. Gives why it could not be written, or null. */
  end(whole: boolean): string | null {
    if (this.#fd === null) return this.#failure;
    closeSync(this.#fd);
    this.#fd = null;
    try {
      if (whole && this.#failure === null) renameSync(this.#unfinished, this.#path);
      else rmSync(this.#unfinished, { force: true });
    } catch (error) {
      this.#failure ??= (error as Error).message;
    }
    return this.#failure;
  }

  /** What a shim that died left there goes. */
  #open(): number {
    rmSync(this.#unfinished, { force: true });
    return openSync(this.#unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  }
}
