import type { Connection } from '../client/index.ts';
import { demultiplex } from '../client/index.ts';
import { WherryError } from '../errors/index.ts';

export interface AttachOptions {
  readonly stdin: boolean;
  readonly terminal: boolean;
  readonly remove: boolean;
  readonly detach_keys: string | undefined;
}

/**
 * Attaches to a created container, starts it, and passes input, output, signals and the terminal's size until it ends;
 * gives its exit code.
 */
export async function attach(daemon: Connection, id: string, options: AttachOptions): Promise<number> {
  const { socket, head } = await daemon.hijack('POST', `/containers/${id}/attach`, {
    query: {
      stream: '1',
      stdout: '1',
      stderr: '1',
      stdin: options.stdin ? '1' : undefined,
      detachKeys: options.detach_keys,
    },
  });
  const condition = options.remove ? 'removed' : 'next-exit';
  const waiting = await daemon.call('POST', `/containers/${id}/wait`, { query: { condition } });
  const take = options.terminal
    ? (chunk: Buffer): void => void process.stdout.write(chunk)
    : demultiplex((stream, bytes) => void (stream === 1 ? process.stdout : process.stderr).write(bytes));
  if (head.length > 0) take(head);
  socket.on('data', take);
  const output_ended = new Promise<void>((resolve) => {
    socket.once('end', resolve);
    socket.once('close', () => resolve());
    socket.once('error', () => resolve());
  });

  const stopInput = options.stdin ? passInput() : (): void => void socket.end();
  if (!options.stdin) socket.end();
  const stopSignals = passSignals();
  try {
    await daemon.call('POST', `/containers/${id}/start`);
    if (options.terminal) await resize();
    await output_ended;
    if (options.terminal && (await stillRuns())) return 0;
    return await exitCode();
  } finally {
    stopInput();
    stopSignals();
    socket.destroy();
  }

  function passInput(): () => void {
    const { stdin } = process;
    const raw = options.terminal && stdin.isTTY;
    if (raw) stdin.setRawMode(true);
    stdin.pipe(socket);
    return () => {
      stdin.unpipe(socket);
      if (raw) stdin.setRawMode(false);
      stdin.pause();
      stdin.unref();
    };
  }

  function passSignals(): () => void {
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGCONT'] as const;
    const handlers = signals.map((signal) => {
      const handler = (): void => {
        daemon.call('POST', `/containers/${id}/kill`, { query: { signal: signal.slice(3) } }).catch(() => {
          // It has just ended.
        });
      };
      process.on(signal, handler);
      return () => process.off(signal, handler);
    });
    const onResize = (): void => void resize();
    if (options.terminal) process.stdout.on('resize', onResize);
    return () => {
      for (const off of handlers) off();
      process.stdout.off('resize', onResize);
    };
  }

  async function resize(): Promise<void> {
    const { rows, columns, isTTY } = process.stdout;
    if (!isTTY) return;
    await daemon
      .call('POST', `/containers/${id}/resize`, { query: { h: String(rows), w: String(columns) } })
      .catch(() => {
        // It has just ended.
      });
  }

  /** The daemon ended the connection and not the container: the user typed the detach keys. */
  async function stillRuns(): Promise<boolean> {
    try {
      const { State } = await daemon.json<{ State: { Running: boolean } }>('GET', `/containers/${id}/json`);
      return State.Running;
    } catch {
      return false;
    }
  }

  async function exitCode(): Promise<number> {
    const chunks: Buffer[] = [];
    for await (const chunk of waiting.body as AsyncIterable<Buffer>) chunks.push(chunk);
    const said = JSON.parse(Buffer.concat(chunks).toString()) as {
      StatusCode: number;
      Error?: { Message: string } | null;
    };
    if (said.Error?.Message !== undefined) throw new WherryError('Unknown', said.Error.Message);
    return said.StatusCode;
  }
}
