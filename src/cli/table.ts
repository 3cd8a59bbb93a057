import { styleText } from 'node:util';

import { compileTemplate } from './template.ts';

/** A row by the names that `--format` knows. */
export type Row = Readonly<Record<string, string>>;

export interface Columns {
  /** What each name is headed with. */
  readonly headings: Readonly<Record<string, string>>;
  /** The names of the usual table, in order. */
  readonly usual: readonly string[];
}

/**
 * Prints rows as Docker does: a table, `json` (an object a line), a template a line, or `table` with a template of
 * columns. On a terminal a table is cut to its width.
 */
export function printRows(
  rows: readonly Row[],
  columns: Columns,
  format: string | undefined,
  out: NodeJS.WriteStream,
): void {
  if (format === undefined || format === 'table') {
    const cells = rows.map((row) => columns.usual.map((name) => row[name] ?? ''));
    out.write(
      layOut(
        columns.usual.map((name) => columns.headings[name] ?? name),
        cells,
        out,
      ),
    );
    return;
  }
  if (format.startsWith('table ')) {
    const template = compileTemplate(format.slice('table '.length));
    const cells = rows.map((row) => template(row).split('\t'));
    out.write(layOut(template(columns.headings).split('\t'), cells, out));
    return;
  }
  const template = compileTemplate(format);
  for (const row of rows) out.write(`${template(row)}\n`);
}

function layOut(headings: readonly string[], rows: readonly (readonly string[])[], out: NodeJS.WriteStream): string {
  const widths = headings.map(
    (heading, i) => Math.max(heading.length, ...rows.map((row) => (row[i] ?? '').length)) + 3,
  );
  const lines = [headings, ...rows].map((cells) =>
    cells.map((cell, i) => (i === cells.length - 1 ? cell : cell.padEnd(widths[i]!))).join(''),
  );
  const width = out.isTTY ? out.columns : Infinity;
  const fitted = lines.map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line));
  if (out.isTTY) fitted[0] = styleText('bold', fitted[0]!);
  return `${fitted.join('\n')}\n`;
}
