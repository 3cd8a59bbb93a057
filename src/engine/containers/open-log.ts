import { WherryError } from '../../errors/index.ts';
import type { Container } from './container.ts';
import type { LogRecord } from './logs/log-record.ts';
import { readLog } from './logs/read-log.ts';

export interface LogsRequest {
  readonly tail: number | null;
  readonly since_ns: bigint;
  readonly until_ns: bigint;
  readonly follow: boolean;
  /** Ends the reading. */
  readonly signal: AbortSignal;
}

/**
 * What a container wrote.
 *
 * @throws WherryError Conflict when it is about to go, Unimplemented when nothing is kept, with Docker's texts
 */
export function openLog(container: Container, request: LogsRequest): AsyncGenerator<LogRecord> {
  const { tail, since_ns, until_ns, signal } = request;
  if (container.removing || container.removed || container.state.dead) {
    throw new WherryError('Conflict', 'can not get logs from container which is dead or marked for removal');
  }
  if (container.record.host_config.LogConfig.Type === 'none') {
    throw new WherryError('Unimplemented', 'configured logging driver does not support reading');
  }
  const isOver = (): boolean => !container.isRunning || container.removed;
  const follow = request.follow ? { isOver, over: container.wait('not-running', signal), signal } : null;
  return readLog(container.log_path, { tail, since_ns, until_ns, follow });
}
