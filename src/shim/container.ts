import { constants } from 'node:os';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { basename, join } from 'node:path';

import { WherryError } from '../errors/index.ts';
import { close, mapFile, type Mapped } from '../os/index.ts';
import { type GuestEnd, type GuestJob, GuestFailed, type GuestProcess, type Starter } from '../guest/index.ts';
import { type Broker, createBroker } from '../vfs/index.ts';
import { openIndex } from '../oci/index.ts';
import type { AttachOptions } from './attached-client.ts';
import { type Bundle, readBundle, type RootFilesystem } from './bundle.ts';
import { makeTmpfs, type Tmpfs } from './tmpfs.ts';
import type { StdioAddress } from './stdio-address.ts';
import { createStreams, type Streams } from './streams.ts';
import { disposition } from './signals.ts';
import type { TaskRecords } from './task-record.ts';

const { SIGINT, SIGKILL, SIGQUIT } = constants.signals;

export interface ContainerOptions {
  readonly id: string;
  readonly bundle: string;
  readonly root: RootFilesystem;
  readonly terminal: boolean;
  readonly stdin: StdioAddress;
  readonly stdout: StdioAddress;
  readonly stderr: StdioAddress;
  readonly records: TaskRecords;
  readonly starter: Starter;
  /** The shim's own folder, where what lives only as long as the container goes. */
  readonly folder: string;
  /** The host's user for the guest's process, null when this shim is no root. */
  readonly host_uid: number | null;
}

export type ContainerStatus = 'created' | 'running' | 'paused' | 'stopped';

/** How a container ended. */
export interface ContainerExit {
  readonly status: number;
  readonly at: Date;
  readonly reason: string | null;
}

interface Opened {
  readonly job: GuestJob;
  /** In the order of `GuestJob`, without the three streams. */
  readonly descriptors: readonly number[];
  readonly broker: Broker;
  close(): void;
}

/** One container of this shim: from its create to its delete. */
export class Container {
  readonly id: string;
  readonly bundle: string;
  readonly #options: ContainerOptions;
  readonly #spec: Bundle;
  readonly #streams: Streams;
  readonly #exit: PromiseWithResolvers<ContainerExit> = Promise.withResolvers<ContainerExit>();
  #status: ContainerStatus = 'created';
  #guest: GuestProcess | null = null;
  #started_at: Date | null = null;
  #ended: ContainerExit | null = null;
  /** The signal that a kill stands for, when this shim carried it out by ending the process. */
  #killed_by: number | null = null;
  #streams_finished = false;

  /** @throws WherryError when the bundle or a stream cannot be used */
  constructor(options: ContainerOptions) {
    this.id = options.id;
    this.bundle = options.bundle;
    this.#options = options;
    this.#spec = readBundle(options.bundle);
    this.#streams = createStreams(
      { stdin: options.stdin, stdout: options.stdout, stderr: options.stderr, terminal: options.terminal },
      (key) => this.kill(key === 'interrupt' ? SIGINT : SIGQUIT),
    );
    this.#record();
  }

  get status(): ContainerStatus {
    return this.#status;
  }

  get pid(): number {
    return this.#guest?.pid ?? 0;
  }

  get args(): readonly string[] {
    return this.#spec.args;
  }

  get ended(): ContainerExit | null {
    return this.#ended;
  }

  /** Settles when the container has ended, its output is written and its exit recorded. */
  get exit(): Promise<ContainerExit> {
    return this.#exit.promise;
  }

  /**
   * Starts the guest; settles when its first instruction is about to run.
   *
   * @throws WherryError InvalidArgument with the runtime's text when the guest cannot run
   */
  async start(): Promise<number> {
    if (this.#status !== 'created' || this.#guest !== null)
      throw new WherryError('FailedPrecondition', `cannot start a container that has ${this.#status === 'stopped' ? 'stopped' : 'already started'}`);
    let opened: Opened | null = null;
    try {
      opened = this.#open();
      const { job, broker } = opened;
      const guest = await this.#options.starter.start({
        job,
        descriptors: [...this.#streams.guest, ...opened.descriptors],
        answer: (request) => broker.handle(request),
        place: () => {},
      });
      this.#guest = guest;
      this.#streams.release();
      void guest.ended.then((end) => this.#finish(end));
      const { console_size } = this.#spec;
      if (console_size !== null && this.#options.terminal) this.#streams.resize(console_size.width, console_size.height);
      const held = opened;
      void guest.ended.finally(() => held.close());
      await guest.running;
      if (this.#ended === null) {
        this.#status = 'running';
        this.#started_at = new Date();
      }
      return guest.pid;
    } catch (error) {
      if (this.#guest === null) {
        opened?.close();
        this.#streams.release();
      }
      const failure = error instanceof GuestFailed ? error.failure : { text: (error as Error).message, code: 128 };
      if (this.#killed_by === null) await this.#settle(failure.code, failure.text);
      else await this.exit;
      throw new WherryError('InvalidArgument', failure.text, { cause: error });
    }
  }

  /** Opens all that the guest is given or asks for. */
  #open(): Opened {
    const { root, host_uid, folder } = this.#options;
    const spec = this.#spec;
    const descriptors: number[] = [];
    const mapped: Mapped[] = [];
    const tmpfs: Tmpfs[] = [];
    const closeAll = (): void => {
      for (const fd of descriptors) close(fd);
      for (const each of mapped) each.unmap();
      for (const each of tmpfs) each.remove();
    };
    try {
      const open = (path: string): { fd: number; size: number } => {
        const fd = openSync(path, 'r');
        descriptors.push(fd);
        return { fd, size: fstatSync(fd).size };
      };
      const chain = open(root.chain_index);
      const chain_map = mapFile(chain.fd, chain.size);
      mapped.push(chain_map);
      const layers = root.layers.map((layer) => {
        const tar = open(join(layer, 'tar'));
        const index = open(join(layer, 'index'));
        return { diff_id: `sha256:${basename(layer)}`, tar: tar.fd, index: index.fd, index_bytes: index.size };
      });
      const layer_maps = layers.map((layer) => {
        const map = mapFile(layer.index, layer.index_bytes);
        mapped.push(map);
        return map;
      });
      const mounts = spec.mounts.map((mount, i) => {
        let source = mount.source;
        if (mount.kind === 'tmpfs') {
          const made = makeTmpfs(join(folder, 'tmpfs', `${this.id}.${i}`));
          tmpfs.push(made);
          source = made.path;
        }
        const file = isFile(source);
        return { id: i + 1, path: mount.destination, source, read_only: mount.read_only, file, kind: mount.kind };
      });
      const broker = createBroker({
        mounts: mounts.map(({ id, path, source, read_only, file, kind }) => ({ id, path, source, read_only, kind: file ? 'file' : kind })),
        upper: spec.root_read_only ? null : root.upper,
        lower: {
          index: openIndex(chain_map.bytes),
          layers: layers.map((layer, i) => ({ tar_fd: layer.tar, index: openIndex(layer_maps[i]!.bytes), name: layer.diff_id })),
        },
        user: spec.user,
      });
      const job: GuestJob = {
        args: spec.args,
        env: spec.env,
        cwd: spec.cwd,
        user: spec.user,
        root_read_only: spec.root_read_only,
        layers: layers.map(({ diff_id, index_bytes }) => ({ diff_id, index_bytes })),
        chain_index_bytes: chain.size,
        mounts: mounts.map(({ id, path, read_only, file }) => ({ id, path, read_only, kind: file ? ('file' as const) : ('directory' as const) })),
        touched: broker.touched,
        memory_pages_max: spec.memory_pages_max,
        table_entries_max: spec.table_entries_max,
        host_uid,
      };
      return {
        job,
        descriptors: [...descriptors],
        broker,
        close() {
          broker.close();
          closeAll();
        },
      };
    } catch (error) {
      closeAll();
      throw error;
    }
  }

  attach(fd: number, head: Buffer, options: Omit<AttachOptions, 'terminal'>): void {
    if (this.#status === 'stopped') throw new WherryError('FailedPrecondition', `container ${this.id} is not running`);
    this.#streams.attach(fd, head, options);
  }

  /**
   * A signal, as the kernel would give it to a program that handles none.
   *
   * @throws WherryError NotFound when nothing runs any more, InvalidArgument when there is no such signal
   */
  kill(signal: number): void {
    const does = disposition(signal);
    if (does === null) throw new WherryError('InvalidArgument', `invalid signal: ${signal}`);
    if (this.#ended !== null || this.#guest === null) throw new WherryError('NotFound', 'process already finished');
    if (does === 'terminate') {
      this.#killed_by ??= signal;
      this.#guest.signal(SIGKILL);
    } else if (does === 'stop') this.pause();
    else if (does === 'continue') this.resume();
  }

  pause(): void {
    if (this.#guest?.signal(constants.signals.SIGSTOP) === true && this.#status === 'running') this.#status = 'paused';
  }

  resume(): void {
    if (this.#guest?.signal(constants.signals.SIGCONT) === true && this.#status === 'paused') this.#status = 'running';
  }

  resize(width: number, height: number): void {
    this.#streams.resize(width, height);
  }

  closeStdin(): void {
    this.#streams.closeStdin();
  }

  /** Lets go of the streams of a container that was never started. */
  discard(): void {
    if (this.#guest !== null) return;
    this.#streams.release();
    void this.#streams.finish();
  }

  async #finish(end: GuestEnd): Promise<void> {
    const killed = this.#killed_by;
    const status = killed !== null && end.said === null ? 128 + killed : (end.said?.code ?? end.status);
    await this.#settle(status, end.said?.trap ?? null);
  }

  /** The end of the container, once: output first, then the record, then whoever waits. */
  async #settle(status: number, reason: string | null): Promise<void> {
    if (this.#streams_finished) {
      await this.exit;
      return;
    }
    this.#streams_finished = true;
    await this.#streams.finish();
    this.#status = 'stopped';
    this.#ended = { status, at: new Date(), reason };
    this.#record();
    this.#exit.resolve(this.#ended);
  }

  #record(): void {
    this.#options.records.write({
      container: this.id,
      bundle: this.bundle,
      pid: this.pid,
      status: this.#status === 'paused' ? 'running' : this.#status,
      started_at: this.#started_at?.toISOString() ?? null,
      exit_status: this.#ended?.status ?? null,
      exited_at: this.#ended?.at.toISOString() ?? null,
      oom: false,
      reason: this.#ended?.reason ?? null,
    });
  }
}

function isFile(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (cause) {
    throw new WherryError('InvalidArgument', `error mounting "${path}" to rootfs: ${(cause as Error).message}`, { cause });
  }
  const file = !fstatSync(fd).isDirectory();
  closeSync(fd);
  return file;
}
