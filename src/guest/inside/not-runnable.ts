/** What was asked for cannot be run: `message` is what a runtime says of it, `code` the exit code that Docker gives. */
export class NotRunnable extends Error {
  readonly code: number;

  constructor(message: string, code: number) {
    super(message);
    this.code = code;
  }
}
