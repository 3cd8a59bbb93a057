/** Least squares: how much the second number grows with each one of the first. */
export function slope(points: readonly (readonly [number, number])[]): number {
  const mean_x = mean(points.map(([x]) => x));
  const mean_y = mean(points.map(([, y]) => y));
  const over = points.reduce((total, [x, y]) => total + (x - mean_x) * (y - mean_y), 0);
  return over / points.reduce((total, [x]) => total + (x - mean_x) ** 2, 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
