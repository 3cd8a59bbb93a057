import { constants } from 'node:os';

const { SIGCHLD, SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH } = constants.signals;

/** What a signal does to a guest, which handles none itself: the default disposition. */
export type Disposition = 'terminate' | 'stop' | 'continue' | 'ignore';

/**
 * The disposition of signal `number`; null when there is no such signal.
 */
export function disposition(number: number): Disposition | null {
  switch (number) {
    case SIGCHLD:
    case SIGURG:
    case SIGWINCH:
      return 'ignore';
    case SIGCONT:
      return 'continue';
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      return 'stop';
    default:
      return number >= 1 && number <= 64 ? 'terminate' : null;
  }
}
