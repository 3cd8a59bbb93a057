/** Figures of ours beside a peer's, as a table or as JSON. */
import { type Figure, figure } from './figures.ts';

export interface Row {
  readonly name: string;
  readonly unit: 'ms' | 'MB/s' | 'MB' | '/s';
  readonly ours: Figure;
  /** Null where there is no peer. */
  readonly theirs: Figure | null;
}

/** How many times ours is better by the medians, whichever direction is better; null without a peer. */
function ratio({ unit, ours, theirs }: Row): number | null {
  if (theirs === null) return null;
  return unit === 'ms' || unit === 'MB' ? theirs.median / ours.median : ours.median / theirs.median;
}

export class Table {
  readonly #rows: Row[] = [];
  readonly #title: string;
  readonly #as_json: boolean;

  constructor(title: string, format: 'table' | 'json') {
    this.#title = title;
    this.#as_json = format === 'json';
    if (this.#as_json) return;
    console.log(title);
    console.log(
      `${''.padEnd(58)}${'ours p50'.padStart(10)}${'min'.padStart(9)}${'theirs p50'.padStart(12)}${'min'.padStart(9)}  times better`,
    );
  }

  /** A row more. */
  add(name: string, unit: Row['unit'], ours: readonly number[], theirs: readonly number[] | null = null): void {
    const row: Row = { name, unit, ours: figure(ours), theirs: theirs === null ? null : figure(theirs) };
    this.#rows.push(row);
    if (this.#as_json) return;
    const round = (value: number | undefined, width: number): string =>
      (value === undefined ? '-' : value.toFixed(value < 100 ? 2 : 0)).padStart(width);
    const better = ratio(row);
    console.log(
      `${`${name}, ${unit}`.padEnd(58)}${round(row.ours.median, 10)}${round(row.ours.min, 9)}` +
        `${round(row.theirs?.median, 12)}${round(row.theirs?.min, 9)}  ${better === null ? '-' : better.toFixed(2)}`,
    );
  }

  /** Something to be known about the figures; not part of the JSON. */
  note(text: string): void {
    if (!this.#as_json) console.log(text);
  }

  /** Prints the JSON, where that was asked for. */
  end(): void {
    if (this.#as_json)
      console.log(
        JSON.stringify({ title: this.#title, rows: this.#rows.map((row) => ({ ...row, ratio: ratio(row) })) }, null, 2),
      );
  }
}
