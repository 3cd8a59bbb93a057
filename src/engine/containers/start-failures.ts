/** Docker's text for how a start failed, and the exit code that it stands for. */
const failures: readonly { readonly pattern: RegExp; readonly code: number }[] = [
  { pattern: /executable file not found|no such file or directory|not a directory/i, code: 127 },
  { pattern: /permission denied|is a directory/i, code: 126 },
];

/** The exit code of what could not be started: not found 127, not to be run 126, anything else 128. */
export function exitCodeOf(text: string): number {
  return failures.find(({ pattern }) => pattern.test(text))?.code ?? 128;
}
