import { WherryError } from '../../errors/index.ts';
import { module_bytes_max } from '../../limits/index.ts';
import { close, fillRandom, mapFile, trimHeap, write } from '../../os/index.ts';
import { createClock, createGuestFiles, type HostFile, placeInImage, standardFile } from '../../vfs/index.ts';
import {
  checkEntries,
  type Clock,
  createDeviceDirectory,
  createHost,
  endedBy,
  importsNeeded,
  run,
  type TrapFrame,
} from '../../wasi/index.ts';
import { frame, type GuestExit, type ProgramPlace } from '../job.ts';
import type { Wall } from '../walls.ts';
import type { Channel } from './channel.ts';
import { findProgram } from './find-program.ts';
import { openListening } from './listening.ts';
import { findProgramOr, openShell } from './run-shell.ts';
import { makeWorkingDirectory } from './working-directory.ts';
import { NotRunnable } from './not-runnable.ts';
import { sendCore } from './send-core.ts';
import { waitForDebugger } from './wait-for-debugger.ts';
import { compile } from './compile.ts';
import { moduleWithCode } from './compiled-code.ts';
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
export function openGuest(
  channel: Channel,
  { job, stdio, chain_index, layers, listeners, shell, code: code_fd }: TakenJob,
  walls: readonly Wall[],
): OpenGuest {
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
  const found = findProgramOr(() => findProgram(files, job), job, shell);
  if ('runShell' in found) return openShell(channel, found, { job, files, stdin, stdout, stderr, walls });
  const program = found;
  const bytes = readAll(program.file, program.path);
  const place = placeInImage(program.file);
  const compiled = compile(bytes, program.path, job, (wire) => {
    if (place === null || bytes.length !== place.size) return null;
    if (code_fd === null || job.code === null) return tell(place);
    const { layer, offset, size } = job.code.place;
    if (layer !== place.layer || offset !== place.offset || size !== place.size) return tell(place);
    return moduleWithCode(wire, code_fd, job.code.bytes);
  });
  if (code_fd !== null) close(code_fd);
  const { module, description, code } = compiled;
  const listening = openListening(job, listeners);
  // Held by what runs below only for a dump: the binary is in it, which no other guest needs any more.
  const dumpable = job.core === true ? compiled : null;
  const host = createHost({
    args: [program.path, ...job.args.slice(1)],
    env: listening.env,
    sockets: { listening: listening.sockets },
    preopens: [{ name: '/', directory: files.root }],
    working_directory: job.cwd,
    stdin,
    stdout,
    stderr,
    clock: trimmedWhenIdle(createClock()),
    random: fillRandom,
  });
  const options = {
    program: { module, code, ...(dumpable === null ? {} : { trapped }) },
    ...(program.export === null ? {} : { export: program.export }),
  };
  let dumped: string | null = null;
  let started = false;
  const runs_at_once = description.start !== undefined;
  const imports = runnable(() => host.imports(importsNeeded(description.imports)));
  if (runs_at_once) start();
  let instance: WebAssembly.Instance;
  try {
    instance = new WebAssembly.Instance(module, imports);
    host.bind(instance);
  } catch (error) {
    // Data did not fit, or a start function ran and the guest ended in it: it ran, if only to its trap.
    if (host.exited !== null || error instanceof WebAssembly.RuntimeError) {
      if (!started) start();
      if (dumpable !== null && host.exited === null)
        dumped = 'no core dump could be made: it trapped in its start function';
      return { run: () => told(endedBy(host, error, { module, code })) };
    }
    throw notRunnable(error);
  }
  runnable(() => checkEntries(instance, options));
  if (!started) start();
  return { run: () => told(run(host, instance, options)) };

  /** Waits until the container is to be started, and says that its guest runs now. */
  function start(): void {
    channel.takeStart();
    channel.send(frame.running, Buffer.from(JSON.stringify(walls)));
    started = true;
    if (job.debug === true) waitForDebugger(complain);
  }

  function runnable<T>(make: () => T): T {
    try {
      return make();
    } catch (error) {
      throw notRunnable(error);
    }
  }

  function notRunnable(error: unknown): NotRunnable {
    const text = `exec ${program.path}: ${(error as Error).message}`;
    // Its start was answered already: nobody hears of it but who reads its output.
    if (started) complain(text);
    return new NotRunnable(text, error instanceof WherryError ? 126 : 128);
  }

  /** The shim may have it compiled for the next run. */
  function tell(where: ProgramPlace): null {
    channel.send(frame.program, Buffer.from(JSON.stringify(where)));
    return null;
  }

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
