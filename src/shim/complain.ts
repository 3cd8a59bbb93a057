/** Writes a line into the shim's own log, which stands for nobody's order: a full disk is no reason to end. */
export function complain(text: string): void {
  try {
    process.stderr.write(`${new Date().toISOString()} ${text}\n`);
  } catch {
    // Nowhere left to say it.
  }
}
