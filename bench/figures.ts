/** Numbers as every benchmark prints them. */
export interface Figure {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  readonly runs: number;
}

export function figure(values: readonly number[]): Figure {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    min: sorted[0] ?? NaN,
    median: sorted[Math.floor(sorted.length / 2)] ?? NaN,
    max: sorted.at(-1) ?? NaN,
    runs: sorted.length,
  };
}

export function show(name: string, { min, median, max, runs }: Figure, unit: string): void {
  const round = (value: number): string => value.toFixed(value < 100 ? 2 : 0).padStart(9);
  console.log(
    `${name.padEnd(52)} min ${round(min)}  median ${round(median)}  max ${round(max)} ${unit}  (${runs} runs)`,
  );
}
