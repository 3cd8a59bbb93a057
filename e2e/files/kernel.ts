/** The kernel's side of a comparison: a native program that does path operations in a directory and says what came. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { temporaryFolder } from '../folder.ts';
import type { Tree } from './tree.ts';

const source = join(import.meta.dirname, 'kernel.c');

/** As whom operations are done. */
export interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Whether absolute symlinks start at the directory, as in an image, or may not be followed, as in a mount. */
export type AbsoluteLinks = 'from-root' | 'refused';

export class Kernel {
  readonly #folder: string = temporaryFolder('kernel-');
  readonly #child: ChildProcess;
  readonly #waiting: { lines: string[]; done: (lines: string[]) => void; failed: (error: Error) => void }[] = [];

  /** Compiles the program, with `cc`, and starts it. */
  constructor() {
    const program = join(this.#folder, 'kernel');
    execFileSync('cc', ['-std=gnu11', '-O1', '-o', program, source], { stdio: ['ignore', 'inherit', 'inherit'] });
    const child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const first = this.#waiting[0];
      if (first === undefined) return;
      if (line !== '.') first.lines.push(line);
      else this.#waiting.shift()!.done(first.lines);
    });
    child.once('exit', (code, signal) => {
      for (const { failed } of this.#waiting.splice(0)) failed(new Error(`the program ended with ${signal ?? code}`));
    });
  }

  /** Makes a directory that holds a tree, all of it owned by `owner`. */
  async makeTree(directory: string, tree: Tree, owner: User): Promise<void> {
    const lines = tree.map((entry) => {
      switch (entry.kind) {
        case 'directory':
          return ['d', entry.path, entry.mode.toString(8), entry.mtime];
        case 'file':
          return ['f', entry.path, entry.mode.toString(8), entry.mtime, entry.text];
        case 'symlink':
          return ['l', entry.path, entry.target, entry.mtime];
      }
    });
    await this.#ask([['tree', directory, owner.uid, owner.gid], ...lines, ['.']]);
  }

  /** Does operations in a directory, one after another; gives a line for each. */
  async run(
    directory: string,
    operations: readonly (readonly (string | number)[])[],
    { user, absolute_links }: { user: User; absolute_links: AbsoluteLinks },
  ): Promise<string[]> {
    return await this.#ask([['run', directory, user.uid, user.gid, absolute_links], ...operations, ['.']]);
  }

  async remove(directory: string): Promise<void> {
    await this.#ask([['remove', directory]]);
  }

  stop(): void {
    this.#child.stdin!.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #ask(lines: readonly (readonly (string | number | bigint)[])[]): Promise<string[]> {
    return new Promise((done, failed) => {
      this.#waiting.push({ lines: [], done, failed });
      this.#child.stdin!.write(lines.map((words) => `${words.join('\t')}\n`).join(''));
    });
  }
}
