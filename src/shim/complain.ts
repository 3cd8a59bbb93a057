/** A full disk is no reason to end: what cannot be said is not said. */
export function surviveFullLog(): void {
  process.stderr.on('error', () => {});
}

/** Writes a line into the shim's own log. */
export function complain(text: string): void {
  process.stderr.write(`${new Date().toISOString()} ${text}\n`);
}
