import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  fstatSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { cpus, setPriority } from 'node:os';
import { join } from 'node:path';

import {
  code_bytes_max,
  code_cache_bytes_max,
  code_compile_ms_max,
  code_header_bytes,
  code_module_bytes_max,
  code_programs_known_max,
} from '../../limits/index.ts';
import { close } from '../../os/index.ts';
import type { CompileOrder, ProgramPlace } from '../job.ts';
import { inBubblewrap } from './bubblewrap.ts';
import { compiler_flags } from './flags.ts';

/** A program in a layer of an image, and how it is to be bounded: what its compiled code depends on. */
export interface Program {
  readonly diff_id: string;
  readonly place: ProgramPlace;
  readonly memory_pages_max: number;
  readonly table_entries_max: number;
}

/** Compiled code in an open file, which is the caller's to close. */
export interface Code {
  readonly fd: number;
  readonly bytes: number;
}

export interface CodeCacheOptions {
  readonly folder: string;
  readonly node: string;
  readonly script: string;
  readonly native: string;
  readonly bubblewrap: string | null;
  /** Of the processes that are to use the code. */
  readonly flag_hash: number;
}

const nice_value = 19;
const hash_bytes = 32;

/**
 * Compiled code of programs, in files of `folder` named by what they depend on. V8 believes what is in them, so only
 * processes write them that never ran a guest, each file is checked against its hash when it is opened, and nobody but
 * this user has access to the folder.
 */
export class CodeCache {
  readonly #options: CodeCacheOptions;
  readonly #known = new Map<string, Program>();
  /** Files that were checked, as they were then. */
  readonly #checked = new Map<string, string>();
  /** Programs that could not be compiled. */
  readonly #failed = new Set<string>();
  readonly #waiting = new Map<string, () => Promise<void>>();
  #compiling = false;

  constructor(options: CodeCacheOptions) {
    this.#options = options;
    mkdirSync(options.folder, { recursive: true, mode: 0o700 });
  }

  /** What `program` an earlier guest of the same image and arguments turned out to be; null when it is not known. */
  known(key: string): Program | null {
    return this.#known.get(key) ?? null;
  }

  remember(key: string, program: Program): void {
    if (this.#known.size >= code_programs_known_max) this.#known.clear();
    this.#known.set(key, program);
  }

  /** The code of a program, if it is there. */
  find(program: Program): Code | null {
    const name = this.#name(program);
    const opened = open(join(this.#options.folder, name), this.#checked.get(name) ?? null);
    if (opened === null) return null;
    if (this.#checked.size >= code_programs_known_max) this.#checked.clear();
    this.#checked.set(name, opened.looks);
    return opened.code;
  }

  /** Has a program compiled when there is time, one after the other. `layer` is the folder of its layer. */
  compileLater(program: Program, layer: string): void {
    const name = this.#name(program);
    const { size } = program.place;
    if (size > code_module_bytes_max || this.#failed.has(name) || this.#waiting.has(name)) return;
    if (existsSync(join(this.#options.folder, name))) return;
    this.#waiting.set(name, () => this.#compile(name, program, layer));
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#compiling) return;
    this.#compiling = true;
    for (let next = this.#waiting.entries().next(); !next.done; next = this.#waiting.entries().next()) {
      const [name, compile] = next.value;
      try {
        await compile();
      } catch (error) {
        process.stderr.write(`code cache: ${(error as Error).message}\n`);
      }
      this.#waiting.delete(name);
    }
    this.#compiling = false;
  }

  async #compile(name: string, program: Program, layer: string): Promise<void> {
    const { folder, node, script, native, bubblewrap, flag_hash } = this.#options;
    const { place, memory_pages_max, table_entries_max } = program;
    const order: CompileOrder = { place, memory_pages_max, table_entries_max, flag_hash };
    const beside = join(folder, `.tmp-${randomBytes(8).toString('hex')}`);
    const opened = [openSync(join(layer, 'tar'), 'r'), openSync(join(layer, 'index'), 'r')];
    const fd = openSync(beside, 'wx+', 0o600);
    try {
      writeSync(fd, Buffer.alloc(code_header_bytes));
      const [command, ...before] =
        bubblewrap === null ? [node] : inBubblewrap({ bwrap: bubblewrap, node, script, native, layers: [] });
      const child = spawn(command!, [...before, ...compiler_flags, script, 'compile', native, JSON.stringify(order)], {
        stdio: ['ignore', 'ignore', 'inherit', ...opened, fd],
        env: {},
        cwd: '/',
        timeout: code_compile_ms_max,
      });
      if (child.pid !== undefined) setPriority(child.pid, nice_value);
      const status = await new Promise((resolve) => {
        child.once('error', resolve);
        child.once('exit', resolve);
      });
      // A program that cannot be compiled whole, or not in time, is not tried again by this shim.
      if (status !== 0) {
        if (this.#failed.size >= code_programs_known_max) this.#failed.clear();
        this.#failed.add(name);
        return;
      }
      writeSync(fd, hashOf(fd), 0, hash_bytes, 0);
      makeRoom(folder);
      renameSync(beside, join(folder, name));
    } finally {
      for (const each of [...opened, fd]) close(each);
      rmSync(beside, { force: true });
    }
  }

  #name({ diff_id, place, memory_pages_max, table_entries_max }: Program): string {
    const { flag_hash } = this.#options;
    const parts = [diff_id, place.offset, place.size, memory_pages_max, table_entries_max];
    const machine = [process.version, process.arch, flag_hash, compiler_flags.join(' '), cpus()[0]?.model ?? ''];
    return createHash('sha256')
      .update(JSON.stringify([parts, machine]))
      .digest('hex');
  }
}

/**
 * Opens a file of code, and tells how it looks; one that does not look as it did when it was checked is checked, and
 * removed when its content is not what was written.
 */
function open(path: string, looked: string | null): { readonly code: Code; readonly looks: string } | null {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return null;
  }
  try {
    let stats = fstatSync(fd, { bigint: true });
    const looks = (): string => `${stats.ino} ${stats.size} ${stats.mtimeNs}`;
    if (looks() !== looked) {
      const hash = Buffer.alloc(hash_bytes);
      readSync(fd, hash, 0, hash_bytes, 0);
      if (stats.size > code_bytes_max || !hash.equals(hashOf(fd))) {
        rmSync(path, { force: true });
        close(fd);
        return null;
      }
      // For whoever makes room.
      const now = new Date();
      futimesSync(fd, now, now);
      stats = fstatSync(fd, { bigint: true });
    }
    return { code: { fd, bytes: Number(stats.size) }, looks: looks() };
  } catch {
    // It is compiled again.
    close(fd);
    return null;
  }
}

/** SHA-256 of what stands behind the header. */
function hashOf(fd: number): Buffer {
  const hash = createHash('sha256');
  const buffer = Buffer.alloc(1024 * 1024);
  for (let at = code_header_bytes; ;) {
    const n = readSync(fd, buffer, 0, buffer.length, at);
    if (n === 0) return hash.digest();
    hash.update(buffer.subarray(0, n));
    at += n;
  }
}

/** Removes what was used longest ago, down to the bound. */
function makeRoom(folder: string): void {
  const files = readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .map((name) => ({ path: join(folder, name), ...sizeAndTime(join(folder, name)) }))
    .sort((a, b) => b.time - a.time);
  let bytes = 0;
  for (const { path, size } of files) if ((bytes += size) > code_cache_bytes_max) rmSync(path, { force: true });
}

function sizeAndTime(path: string): { size: number; time: number } {
  const stats = statSync(path, { throwIfNoEntry: false });
  return { size: stats?.size ?? 0, time: stats?.mtimeMs ?? 0 };
}
