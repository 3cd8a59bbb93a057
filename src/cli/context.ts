import { join } from 'node:path';

import { type Connection, connectDaemon } from '../client/index.ts';

/** What every command is given. */
export interface Context {
  /** The daemon, started when nobody named one and none runs. */
  connect(): Promise<Connection>;
  /** Where the lists of the namespace that was asked for are: in front of their paths. */
  readonly lists: string;
  readonly out: NodeJS.WriteStream;
  readonly err: NodeJS.WriteStream;
}

/** Ends the program with a code, after what there was to say has been said. */
export class ExitCode extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`exit code ${code}`);
    this.code = code;
  }
}

/** What was given before the command's name. */
export interface GlobalOptions {
  readonly host?: string;
  readonly namespace?: string;
}

export function createContext(options: () => GlobalOptions): Context {
  return {
    get lists() {
      const { namespace } = options();
      return namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
    },
    out: process.stdout,
    err: process.stderr,
    connect: () =>
      connectDaemon({
        host: options().host,
        env: process.env,
        daemon_script: join(import.meta.dirname, 'daemon.js'),
        onStart: (socket) =>
          process.stderr.write(
            `wherry: started the daemon at ${socket}; it ends by itself after 10 minutes without use\n`,
          ),
      }),
  };
}
