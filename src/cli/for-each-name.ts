import { WherryError } from '../errors/index.ts';
import { type Context, ExitCode } from './context.ts';

/** Does something to each of several objects, prints the names that worked, and tells of each that did not. */
export async function forEachName(
  names: readonly string[],
  context: Context,
  act: (name: string) => Promise<unknown>,
): Promise<void> {
  let failed = false;
  await Promise.all(
    names.map(async (name) => {
      try {
        await act(name);
        context.out.write(`${name}\n`);
      } catch (error) {
        if (!(error instanceof WherryError)) throw error;
        failed = true;
        context.err.write(`Error response from daemon: ${error.message}\n`);
      }
    }),
  );
  if (failed) throw new ExitCode(1);
}
