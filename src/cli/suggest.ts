/** The word of `known` that a mistyped one most likely stands for; null when none is near. */
export function suggestion(word: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let best_distance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const each of known) {
    const distance = each.startsWith(word) && word.length > 1 ? 1 : edits(word, each);
    if (distance < best_distance) {
      best = each;
      best_distance = distance;
    }
  }
  return best;
}

/** How many letters must be changed, put in, left out or swapped with a neighbour. */
function edits(a: string, b: string): number {
  const rows = Array.from({ length: a.length + 1 }, (_, i) => [i, ...Array.from({ length: b.length }, () => 0)]);
  for (let j = 0; j <= b.length; j++) rows[0]![j] = j;
  for (let i = 1; i <= a.length; i++)
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let least = Math.min(rows[i - 1]![j]! + 1, rows[i]![j - 1]! + 1, rows[i - 1]![j - 1]! + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, rows[i - 2]![j - 2]! + 1);
      rows[i]![j] = least;
    }
  return rows[a.length]![b.length]!;
}
