/** Levels of `--log-level`, least first. */
export const levels = ['debug', 'info', 'warn', 'error', 'fatal'] as const;

export type Level = (typeof levels)[number];

/** What the daemon tells its operator: a line each on stderr, time and level first. */
export interface Logger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export function createLogger(least: Level): Logger {
  // Whoever read it may have gone. There is nobody to tell then, least of all by this log.
  process.stderr.on('error', () => {});
  const say = (level: Level, message: string): void => {
    if (levels.indexOf(level) < levels.indexOf(least)) return;
    process.stderr.write(`time="${new Date().toISOString()}" level=${level} msg=${JSON.stringify(message)}\n`);
  };
  return {
    debug: (message) => say('debug', message),
    info: (message) => say('info', message),
    warn: (message) => say('warn', message),
    error: (message) => say('error', message),
  };
}
