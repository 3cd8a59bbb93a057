import { notices_unread_max } from '../../limits/index.ts';
import { everything_touched } from '../../vfs/index.ts';

/**
 * How many notices a guest's process may not have read yet. One that computes for long reads none, and its socket must
 * not fill up: it is told once that all may have changed, and of nothing after that.
 */
export class UnreadNotices {
  /** Sent before the last reply, and since then. Whoever asks again has read all before the last reply. */
  #before = 0;
  #since = 0;
  #asks_for_all = false;

  /** The notice to send for this one; null when it knows that it has to ask for everything. */
  next(notice: Uint8Array): Uint8Array | null {
    if (this.#asks_for_all) return null;
    if (this.#before + this.#since < notices_unread_max) {
      this.#since++;
      return notice;
    }
    this.#asks_for_all = true;
    return everything_touched;
  }

  /** A request came from it. */
  requested(): void {
    this.#before = 0;
  }

  /** It was answered. */
  replied(): void {
    this.#before += this.#since;
    this.#since = 0;
  }
}
