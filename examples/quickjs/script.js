// Counts the words on stdin and prints the most frequent ones: script.js [HOW_MANY]
import * as std from 'std';

const howMany = Number(args[1] ?? 3);
const counts = new Map();
for (let line = std.in.getline(); line !== null; line = std.in.getline()) {
  for (const word of line.toLowerCase().match(/\p{L}+/gu) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
}

const ranked = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
for (const [word, count] of ranked.slice(0, howMany)) print(String(count).padStart(5), word);
