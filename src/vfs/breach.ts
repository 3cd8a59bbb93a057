/**
 * A message that no honest guest sends: a length that lies, a path with `..`, a mount that is not there. Whoever sent
 * it is not the program we started any more, so the shim answers with SIGKILL.
 */
export class Breach extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'Breach';
  }
}
