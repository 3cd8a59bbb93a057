/** A full disk is no reason to end: what cannot be said is not said. */
export function surviveFullLog(): void {
  process.stderr.on('error', () => {});
}

const said = new Set<string>();

/** As `complain`, but the same text once only. */
export function complainOnce(text: string): void {
  if (said.has(text)) return;
  said.add(text);
  complain(text);
}

/** Writes a line into the shim's own log. */
export function complain(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}
