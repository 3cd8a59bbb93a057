/** One record of a log: a line, or a part of one that was too long. */
export interface LogRecord {
  readonly stream: 'stdout' | 'stderr';
  /** With its newline, unless more of the line follows. */
  readonly text: string;
  /** RFC 3339 with nanoseconds, UTC. */
  readonly time: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Reads a line of a json-file log; null for what is none: a daemon or a disk that failed may have left it. */
export function parseLogRecord(line: string): LogRecord | null {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return null;
  }
  if (typeof fields !== 'object' || fields === null) return null;
  const { log, stream, time, attrs } = fields as Record<string, unknown>;
  if (typeof log !== 'string' || typeof time !== 'string') return null;
  const attributes = typeof attrs === 'object' && attrs !== null ? (attrs as Record<string, string>) : {};
  return { stream: stream === 'stderr' ? 'stderr' : 'stdout', text: log, time, attributes };
}

/** The time of a record in nanoseconds since 1970. */
export function timeOf({ time }: LogRecord): bigint {
  const [seconds = '', fraction = ''] = time.replace(/Z$/, '').split('.');
  const milliseconds = Date.parse(`${seconds}Z`);
  if (Number.isNaN(milliseconds)) return 0n;
  return BigInt(milliseconds) * 1_000_000n + BigInt(fraction.padEnd(9, '0').slice(0, 9).replace(/\D/g, '0'));
}
