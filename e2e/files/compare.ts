/**
 * Random sequences of operations on random trees, done by a guest on each kind of files that a container has and by the
 * kernel in a directory: every answer must be the same, and what is left at the end too.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';

import { absolute_links, type BackendName, backend_names, type Opened, openBackend } from './backends.ts';
import { excuseOf, type Rule } from './excused.ts';
import { Guest } from './guest.ts';
import { type AbsoluteLinks, Kernel, type User } from './kernel.ts';
import { any_operations, type Operation } from './operations.ts';
import { any_tree, type Tree } from './tree.ts';

export interface Comparison {
  readonly seed: number;
  readonly sequences: number;
  readonly operations: number;
  /** How many sequences each kind of files went through. */
  readonly runs: Readonly<Record<BackendName, number>>;
  /** How many sequences needed a rule, and each of them how often. */
  readonly excused: number;
  readonly by_rule: ReadonlyMap<Rule, number>;
}

/** Of all sequences so many may need a rule. */
export const excused_share_max = 0.01;

/** Nobody in particular, who owns what he works on. */
const plain_user: User = { uid: 1000, gid: 1000 };
const this_user: User = { uid: process.getuid!(), gid: process.getgid!() };

interface Who {
  readonly user: User;
  /** Whose the tree is. */
  readonly owner: User;
}

/** A superuser's containers run as root and as a user, on what is his and what is not; another's as himself. */
const everybody: readonly Who[] =
  this_user.uid === 0
    ? [
        { user: this_user, owner: plain_user },
        { user: plain_user, owner: plain_user },
        { user: plain_user, owner: this_user },
      ]
    : [{ user: this_user, owner: this_user }];

/** Compares `count` sequences; throws with the shortest that differs, and how to see it again. */
export async function compareFiles(count: number, seed: number): Promise<Comparison> {
  const comparing = new Comparing();
  try {
    const property = fc.asyncProperty(
      any_tree,
      any_operations,
      fc.constantFrom(...everybody),
      (tree, operations, who) => comparing.sequence(tree, operations, who),
    );
    const details = await fc.check(property, { seed, numRuns: count });
    if (details.failed) {
      const { counterexample, errorInstance } = details;
      const [tree, operations] = counterexample ?? [];
      const why =
        errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : String(errorInstance);
      throw new Error(
        `${why}\nthe tree: ${printed(tree)}\nthe operations: ${printed(operations)}\nagain: npm run soak -- files ${count} ${seed}`,
      );
    }
    return comparing.report(count, seed);
  } finally {
    comparing.stop();
  }
}

/** One line about everything, and one for each rule that was needed. */
export function showComparison({ seed, sequences, operations, runs, excused, by_rule }: Comparison): void {
  const each = backend_names.map((name) => `${name} ${runs[name]}`).join(', ');
  console.log(
    `files: seed ${seed}, ${sequences} sequences (${each}), ${operations} operations, ${excused} sequences excused`,
  );
  for (const [{ operations: verbs, reason }, times] of by_rule)
    console.log(`  ${times} x ${verbs.join(', ')}: ${reason}`);
}

class Comparing {
  readonly #kernel: Kernel = new Kernel();
  /** In memory where that can be: a sequence makes and removes a few trees. */
  readonly #folder: string = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'wherry-files-'));
  readonly #runs: Record<BackendName, number> = { image: 0, bind: 0, volume: 0, tmpfs: 0, memory: 0 };
  readonly #by_rule: Map<Rule, number> = new Map();
  #excused = 0;
  #operations = 0;
  #made = 0;

  stop(): void {
    this.#kernel.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  report(sequences: number, seed: number): Comparison {
    const [runs, by_rule, excused, operations] = [this.#runs, this.#by_rule, this.#excused, this.#operations];
    return { seed, sequences, operations, runs, excused, by_rule };
  }

  /** Throws when an answer differs and no rule excuses it. */
  async sequence(tree: Tree, given: readonly Operation[], who: Who): Promise<void> {
    const operations: Operation[] = [...given, ['dump', 0]];
    const answers = new Map<string, Promise<string[]>>();
    let excused = false;
    for (const name of backend_names) {
      const without_modes = name === 'memory' && who.user.uid !== 0;
      // Memory knows no owners either.
      const { user, owner } = without_modes ? { user: who.user, owner: who.user } : who;
      const there = without_modes ? withoutModes(tree) : tree;
      const links = absolute_links[name];
      const key = `${links} ${without_modes}`;
      if (!answers.has(key)) answers.set(key, this.#kernels(there, operations, { user, owner }, links));
      const opened = await openBackend(name, {
        tree: there,
        owner,
        user,
        folder: this.#newFolder(),
        kernel: this.#kernel,
      });
      try {
        const excuse = this.#compare(name, opened, { operations, kernels: await answers.get(key)!, user });
        if (excuse !== null) this.#by_rule.set(excuse, (this.#by_rule.get(excuse) ?? 0) + 1);
        excused ||= excuse !== null;
      } finally {
        void opened.close();
      }
      this.#runs[name]++;
    }
    if (excused) this.#excused++;
  }

  #newFolder(): string {
    return join(this.#folder, String(this.#made++));
  }

  async #kernels(
    tree: Tree,
    operations: readonly Operation[],
    { user, owner }: Who,
    links: AbsoluteLinks,
  ): Promise<string[]> {
    const folder = this.#newFolder();
    void this.#kernel.makeTree(folder, tree, owner);
    const answers = this.#kernel.run(folder, operations, { user, absolute_links: links });
    void this.#kernel.remove(folder);
    return (await answers).map((answer) => answer.replaceAll('OPNOTSUPP', 'NOTSUP'));
  }

  /** The rule that was needed, null when none was. */
  #compare(
    backend: BackendName,
    opened: Opened,
    { operations, kernels, user }: { operations: readonly Operation[]; kernels: readonly string[]; user: User },
  ): Rule | null {
    const guest = new Guest(opened.root);
    try {
      for (const [i, operation] of operations.entries()) {
        // The guest's own process sets them as somebody without rights; here it is this process.
        if (operation[0] === 'fdtimes' && user !== this_user && backend !== 'memory') return null;
        const ours = guest.perform(operation);
        this.#operations++;
        const kernel = kernels[i]!;
        if (ours === kernel) continue;
        const excuse = excuseOf({ backend, operations: operations.slice(0, i + 1), ours, kernels: kernel });
        if (excuse !== null) return excuse;
        throw new Error(
          `${backend}, as user ${user.uid}: ${operation.join(' ')}\n  ours   ${ours}\n  kernel ${kernel}`,
        );
      }
    } finally {
      guest.close();
    }
    if (opened.again !== undefined) this.#compareAgain(backend, opened.again, kernels.at(-1)!);
    return null;
  }

  /** What a container that is started again finds. */
  #compareAgain(backend: BackendName, again: () => Opened, kernel: string): void {
    const opened = again();
    const guest = new Guest(opened.root);
    const ours = guest.perform(['dump', 0]);
    guest.close();
    void opened.close();
    if (ours !== kernel) throw new Error(`${backend}, started again:\n  ours   ${ours}\n  kernel ${kernel}`);
  }
}

/** Memory knows no modes. */
function withoutModes(tree: Tree): Tree {
  return tree.map((entry) => {
    if (entry.kind === 'symlink') return entry;
    return { ...entry, mode: entry.kind === 'directory' ? 0o755 : 0o644 };
  });
}

function printed(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
}
