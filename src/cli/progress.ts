import { styleText } from 'node:util';

import { size } from './human.ts';

/** One object of a progress stream of Docker's API. */
export interface ProgressObject {
  readonly stream?: string;
  readonly status?: string;
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number; readonly units?: string };
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}

const bar_width = 24;

/**
 * Shows a progress stream: on a terminal a line for each id that is redrawn in place, with a bar; elsewhere one line
 * for each step. Gives the error that the stream ended with, or null.
 */
export async function showProgress(
  objects: AsyncIterable<ProgressObject>,
  out: NodeJS.WriteStream,
): Promise<string | null> {
  const rows = new Map<string, number>();
  let drawn = 0;
  let last = '';

  function put(id: string, text: string): void {
    if (!out.isTTY) {
      if (text !== last) out.write(`${id}: ${text}\n`);
      last = text;
      return;
    }
    let row = rows.get(id);
    if (row === undefined) {
      row = drawn++;
      rows.set(id, row);
      out.write('\n');
    }
    const up = drawn - row;
    const line = `${id}: ${text}`.slice(0, out.columns - 1);
    out.write(`\u001B[${up}A\r\u001B[2K${line}\u001B[${up}B\r`);
  }

  for await (const { stream, status, id, progressDetail, error, errorDetail } of objects) {
    if (error !== undefined) return errorDetail?.message ?? error;
    if (stream !== undefined) out.write(stream);
    else if (status !== undefined && id !== undefined && id !== '') {
      const { current, total, units } = progressDetail ?? {};
      if (current === undefined) put(id, status);
      else if (out.isTTY) put(id, `${status} ${bar(current, total, units)}`);
    } else if (status !== undefined) {
      rows.clear();
      drawn = 0;
      out.write(`${status}\n`);
    }
  }
  return null;
}

function bar(current: number, total: number | undefined, units: string | undefined): string {
  if (units === 's') return `${current} s`;
  if (total === undefined || total <= 0) return size(current);
  const filled = Math.min(bar_width, Math.round((current / total) * bar_width));
  const drawn = `${'━'.repeat(filled)}${' '.repeat(bar_width - filled)}`;
  return `${styleText('cyan', drawn)} ${size(current)}/${size(total)}`;
}
