import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A new folder that goes when the test is over, after what `close` gives is done. */
export function temporaryFolder(t: Pick<TestContext, 'after'>, close: () => Promise<unknown> = async () => {}): string {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-core-'));
  t.after(async () => {
    await close();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Where the cores of one test keep their things; they are closed when it is over. */
export interface Places {
  readonly root: string;
  readonly state: string;
  readonly cores: { close(): Promise<void> }[];
}

export function coreFolders(t: Pick<TestContext, 'after'>): Places {
  const cores: { close(): Promise<void> }[] = [];
  const folder = temporaryFolder(t, () => Promise.all(cores.map((core) => core.close())));
  const places = { root: join(folder, 'root'), state: join(folder, 'state'), cores };
  mkdirSync(places.root);
  mkdirSync(places.state);
  return places;
}
