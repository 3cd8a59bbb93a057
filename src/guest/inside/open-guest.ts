import { WherryError } from '../../errors/index.ts';
import { module_bytes_max } from '../../limits/index.ts';
import { fillRandom, mapFile, trimHeap, write } from '../../os/index.ts';
import { createClock, createGuestFiles, type HostFile, standardFile } from '../../vfs/index.ts';
import {
  type Clock,
  createDeviceDirectory,
  createHost,
  endedBy,
  importsNeeded,
  run,
  type TrapFrame,
} from '../../wasi/index.ts';
import { frame, type GuestExit } from '../job.ts';
import type { Channel } from './channel.ts';
import { findProgram } from './find-program.ts';
import { makeWorkingDirectory } from './working-directory.ts';
import { NotRunnable } from './not-runnable.ts';
import { sendCore } from './send-core.ts';
import { waitForDebugger } from './wait-for-debugger.ts';
import { compile } from './compile.ts';
import type { TakenJob } from './serve.ts';

/** A guest whose first instruction is about to run. */
export interface OpenGuest {
  run(): GuestExit;
}

/**
 * Makes everything ready for the guest of a job: its files, its program, its host, its instance. Then waits for the
 * start, before any instruction of the guest's has run.
 *
 * @throws NotRunnable saying what a runtime says of it
 */
export function openGuest(channel: Channel, { job, stdio, chain_index, layers }: TakenJob): OpenGuest {
  const [stdin, stdout, stderr] = stdio.map(standardFile) as [HostFile, HostFile, HostFile];
  const complain = (text: string): void => void write(stdio[2], Buffer.from(`wherry: ${text}\n`));
  const tty = [stdin, stdout, stderr].find((file) => file.terminal);
  const files = createGuestFiles({
    image: {
      index: mapFile(chain_index, job.chain_index_bytes).bytes,
      layers: layers.map(({ tar, index }, i) => ({
        tar_fd: tar,
        index: mapFile(index, job.layers[i]!.index_bytes).bytes,
        name: job.layers[i]!.diff_id,
      })),
    },
    channel,
    mounts: job.mounts,
    touched: job.touched,
    dev: createDeviceDirectory({ stdin, stdout, stderr, ...(tty === undefined ? {} : { tty }), random: fillRandom }),
    user: job.user,
    read_only: job.root_read_only,
    damaged: ({ layer, offset }) =>
      complain(`layer ${layer} is damaged at byte ${offset}: its content is not what was pulled`),
  });

  makeWorkingDirectory(files, job.cwd);
  const program = findProgram(files, job);
  const bytes = readAll(program.file, program.path);
  const compiled = compile(bytes, program.path, job);
  const { module, description, code } = compiled;
  // Held by what runs below only for a dump: the binary is in it, which no other guest needs any more.
  const dumpable = job.core === true ? compiled : null;
  const host = createHost({
    args: [program.path, ...job.args.slice(1)],
    env: job.env,
    preopens: [{ name: '/', directory: files.root }],
    working_directory: job.cwd,
    stdin,
    stdout,
    stderr,
    clock: trimmedWhenIdle(createClock()),
    random: fillRandom,
  });
  let instance: WebAssembly.Instance;
  let dumped: string | null = null;
  /** Waits until the container is to be started, and says that its guest runs now. */
  const takeStart = (): void => {
    channel.takeStart();
    channel.send(frame.running);
    if (job.debug === true) waitForDebugger(complain);
  };
  const runs_at_once = description.start !== null;
  if (runs_at_once) takeStart();
  try {
    instance = new WebAssembly.Instance(module, host.imports(importsNeeded(description.imports)));
    host.bind(instance);
  } catch (error) {
    // A start function ran, and the guest ended in it.
    if (host.exited !== null || error instanceof WebAssembly.RuntimeError) {
      if (dumpable !== null && host.exited === null)
        dumped = 'no core dump could be made: it trapped in its start function';
      return { run: () => told(endedBy(host, error, { module, code })) };
    }
    throw new NotRunnable(
      `exec ${program.path}: ${(error as Error).message}`,
      error instanceof WherryError ? 126 : 128,
    );
  }
  if (!runs_at_once) takeStart();
  return {
    run: () =>
      told(
        run(host, instance, {
          program: { module, code, ...(dumpable === null ? {} : { trapped }) },
          ...(program.export === null ? {} : { export: program.export }),
        }),
      ),
  };

  function told(ended: GuestExit): GuestExit {
    if (ended.trap !== null) complain(ended.trap);
    if (dumped !== null) complain(dumped);
    return ended;
  }

  function trapped(frames: readonly TrapFrame[]): void {
    dumped = sendCore(channel, { path: program.path, compiled: dumpable!, instance, frames });
  }
}

function readAll(file: ReturnType<typeof findProgram>['file'], path: string): Uint8Array<ArrayBuffer> {
  const size = Number(file.stat().size);
  if (size > module_bytes_max)
    throw new NotRunnable(`exec ${path}: the module has ${size} bytes, ${module_bytes_max} are allowed`, 126);
  const bytes = new Uint8Array(size);
  let done = 0;
  while (done < size) {
    const n = file.pread([bytes.subarray(done)], BigInt(done));
    if (n === 0) break;
    done += n;
  }
  file.close();
  return bytes.subarray(0, done);
}

/** A wait this long is the first moment at which memory counts for more than time. */
const idle_ns = 20_000_000n;

/** What compiling left in the C library's heap goes back when the guest first waits: half a megabyte for a small one. */
function trimmedWhenIdle(clock: Clock): Clock {
  let trimmed = false;
  return {
    now: (id) => clock.now(id),
    resolution: (id) => clock.resolution(id),
    yield: () => clock.yield(),
    wait(files, timeout_ns) {
      if (!trimmed && (timeout_ns === null || timeout_ns > idle_ns)) {
        trimmed = true;
        trimHeap();
      }
      return clock.wait(files, timeout_ns);
    },
  };
}
