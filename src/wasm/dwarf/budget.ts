import { WherryError } from '../../errors/index.ts';

/** What may still be done for one question: debug information comes with a module, and says how long it takes to read. */
export class Budget {
  #left: number;

  constructor(steps: number) {
    this.#left = steps;
  }

  /** Takes `steps` away. Throws ResourceExhausted when there are not so many left. */
  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0)
      throw new WherryError('ResourceExhausted', 'Cannot read the debug information: it takes too many steps.');
  }
}
