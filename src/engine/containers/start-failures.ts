/** Docker's text for how a start failed, and the exit code that it stands for. */
const failures: readonly { readonly pattern: RegExp; readonly code: number }[] = [
  { pattern: /executable file not found|no such file or directory|not a directory/i, code: 127 },
  { pattern: /permission denied|is a directory/i, code: 126 },
];

/** The exit code of what could not be started: not found 127, not to be run 126, anything else 128. */
export function exitCodeOf(text: string): number {
  return failures.find(({ pattern }) => pattern.test(text))?.code ?? 128;
}

/**
 * Clients tell by these words whether a program was not found or could not be run, and crun writes them otherwise than
 * runc.
 */
export function inDockersWords(message: string): string {
  return message
    .replace(/: (No such file or directory|Permission denied|Is a directory)/g, (words) => words.toLowerCase())
    .replace(/(open executable: Operation not permitted)$/, '$1: permission denied');
}
