import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { WherryError } from '../../errors/index.ts';
import { unawaited_commit_ms } from '../../limits/index.ts';
import type { Log } from '../log.ts';
import { fromSystem, isFull } from '../system-error.ts';
import type { Reserve } from './reserve.ts';
import type { Scope } from './scope.ts';

/** The transactions of one tick, which become durable together. */
interface Group {
  readonly waiting: { resolve(): void; reject(error: WherryError): void }[];
  readonly hooks: (() => void)[];
  /** Commits it by and by, when nobody waits for it; null once somebody does. */
  timer: NodeJS.Timeout | null;
}

/**
 * The one writer of the database. Each act runs at once, in a savepoint of its tick's transaction; at the end of the
 * tick that transaction is committed with one fsync, the hooks run, and only then do the callers hear of it.
 */
export class Store implements Scope {
  readonly #database: DatabaseSync;
  readonly #log: Log;
  readonly #reserve: Reserve;
  readonly #statements: Readonly<
    Record<'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'undo', StatementSync>
  >;
  #group: Group | null = null;
  /** The hooks of the act that runs; null when none does. */
  #hooks: (() => void)[] | null = null;
  #closed = false;

  constructor(database: DatabaseSync, log: Log, reserve: Reserve) {
    this.#database = database;
    this.#reserve = reserve;
    this.#log = log;
    this.#statements = {
      begin: database.prepare('BEGIN IMMEDIATE'),
      commit: database.prepare('COMMIT'),
      rollback: database.prepare('ROLLBACK'),
      savepoint: database.prepare('SAVEPOINT act'),
      release: database.prepare('RELEASE act'),
      undo: database.prepare('ROLLBACK TO act'),
    };
  }

  /**
   * Runs `act`, which is synchronous; the promise is fulfilled with what it gives once that is durable. What it
   * throws, and nothing else of it, comes back.
   */
  transact<T>(act: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = this.#run(act, (error) => reject(error));
      if (done !== null) this.#group?.waiting.push({ resolve: () => resolve(done.value), reject });
    });
  }

  /**
   * As `transact`, for what nobody has to find again after a crash: gives at once what `act` gives. It is durable when
   * whatever is changed after it is.
   *
   * @throws what `act` throws
   */
  actNow<T>(act: () => T): T {
    let thrown: unknown;
    const done = this.#run(act, (error) => (thrown = error), true);
    if (done === null) throw thrown;
    return done.value;
  }

  /** Whether an act runs: what it changes may still be undone. */
  get acting(): boolean {
    return this.#hooks !== null;
  }

  requireAct(): void {
    if (this.#hooks === null) throw new WherryError('Internal', 'The store may be changed in a transaction only.');
  }

  after(hook: () => void): void {
    this.requireAct();
    this.#hooks?.push(hook);
  }

  /** Commits what waits and closes the database; nothing can be changed afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#commit(this.#group);
    this.#closed = true;
    this.#database.close();
  }

  #run<T>(act: () => T, reject: (error: unknown) => void, unawaited = false): { readonly value: T } | null {
    const hooks: (() => void)[] = [];
    try {
      if (this.#closed) throw new WherryError('Unavailable', 'The store is closed: the daemon is ending.');
      if (this.#hooks !== null) throw new WherryError('Internal', 'A transaction cannot be started inside another.');
      const group = this.#begin(unawaited);
      this.#statements.savepoint.run();
      this.#hooks = hooks;
      let value: T;
      try {
        value = act();
        if (value instanceof Promise) throw new WherryError('Internal', 'What a transaction does must be synchronous.');
      } finally {
        this.#hooks = null;
      }
      this.#statements.release.run();
      group.hooks.push(...hooks);
      return { value };
    } catch (thrown) {
      this.#undo(thrown);
      reject('errcode' in Object(thrown) ? fromSystem(thrown, 'Cannot write to the store') : thrown);
      return null;
    }
  }

  #begin(unawaited: boolean): Group {
    const group = this.#group ?? { waiting: [], hooks: [], timer: null };
    if (this.#group === null) {
      this.#statements.begin.run();
      this.#group = group;
      if (unawaited) group.timer = setTimeout(() => this.#commit(group), unawaited_commit_ms);
      else setImmediate(() => this.#commit(group));
    } else if (!unawaited && group.timer !== null) {
      clearTimeout(group.timer);
      group.timer = null;
      setImmediate(() => this.#commit(group));
    }
    return group;
  }

  /** Takes one act back. After some errors SQLite has taken back the whole transaction, and with it the whole tick. */
  #undo(thrown: unknown): void {
    if (this.#group === null || this.#closed || this.#hooks !== null) return;
    if (this.#database.isTransaction) {
      try {
        this.#statements.undo.run();
        this.#statements.release.run();
      } catch {
        // There was no savepoint yet: nothing of this act is there to undo.
      }
    } else {
      const group = this.#group;
      this.#group = null;
      this.#fail(group, thrown);
    }
  }

  #commit(group: Group | null): void {
    if (group === null || group !== this.#group) return;
    if (group.timer !== null) clearTimeout(group.timer);
    this.#group = null;
    try {
      this.#write();
    } catch (thrown) {
      if (this.#database.isTransaction) this.#statements.rollback.run();
      this.#fail(group, thrown);
      return;
    }
    for (const hook of group.hooks) {
      try {
        hook();
      } catch (error) {
        this.#log.error(`after a transaction: ${error instanceof Error ? error.stack : String(error)}`);
      }
    }
    for (const { resolve } of group.waiting) resolve();
  }

  #write(): void {
    try {
      this.#statements.commit.run();
    } catch (thrown) {
      if (!isFull(thrown) || !this.#reserve.giveUp() || !this.#database.isTransaction) throw thrown;
      this.#statements.commit.run();
    }
  }

  #fail(group: Group, thrown: unknown): void {
    const error = fromSystem(thrown, 'Cannot write to the store');
    this.#log.error(error.message);
    for (const { reject } of group.waiting) reject(error);
  }
}
