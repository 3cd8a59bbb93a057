import { createReadStream, fstatSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';

import { WherryError } from '../../errors/index.ts';
import type { Container } from './container.ts';
import { wantsCore } from './core-dump.ts';

export interface CoreDump {
  readonly size_bytes: number;
  readonly content: Readable;
}

/**
 * The core dump that the last trap of a container left.
 *
 * @throws WherryError Conflict while it runs, NotFound when there is none, and why
 */
export function openCoreDump(container: Container): CoreDump {
  const { name, record, core_path } = container;
  if (container.isRunning) {
    throw new WherryError(
      'Conflict',
      `cannot dump container ${name}: it is running, and a program can be dumped only at the trap that ends it`,
    );
  }
  if (!wantsCore(record)) {
    throw new WherryError(
      'NotFound',
      `no core dump of container ${name}: it was not created with --coredump (docker: --annotation dev.wherry.coredump=1)`,
    );
  }
  let fd: number;
  try {
    fd = openSync(core_path, 'r');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new WherryError('NotFound', `no core dump of container ${name}: it has not trapped`, { cause });
  }
  return { size_bytes: fstatSync(fd).size, content: createReadStream('', { fd, highWaterMark: 256 * 1024 }) };
}
