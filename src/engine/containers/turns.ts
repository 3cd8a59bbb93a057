/** Lets one act at a time happen, in the order they came. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does `act` once all before it are done, however they ended. */
  take<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act, act);
    this.#last = done.catch(() => {});
    return done;
  }
}
