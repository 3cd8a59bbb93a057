import vm from 'node:vm';

import { module_bytes_max } from '../../limits/index.ts';
import { close, fillRandom, mapFile, POLL, poll } from '../../os/index.ts';
import { createClock, type HostFile } from '../../vfs/index.ts';
import {
  type Clock,
  clockid,
  createCapture,
  createHost,
  createSource,
  type File,
  type Files,
  importsNeeded,
  openPath,
  run,
} from '../../wasi/index.ts';
import type * as shell_module from '../../shell/index.ts';
import { frame, type GuestJob } from '../job.ts';
import type { Wall } from '../walls.ts';
import type { Channel } from './channel.ts';
import { compile } from './compile.ts';
import type { Program } from './find-program.ts';
import { NotRunnable } from './not-runnable.ts';
import type { OpenGuest } from './open-guest.ts';

type Shell = typeof shell_module;

/** What the shell runs with. */
export interface ShellPlace {
  readonly job: GuestJob;
  readonly files: Files;
  readonly stdin: HostFile;
  readonly stdout: HostFile;
  readonly stderr: HostFile;
  readonly walls: readonly Wall[];
}

/**
 * The program that `find` finds. When there is none and the job brings the shell, which knows a command of that name,
 * the shell: its code is read and evaluated only then.
 *
 * @throws what `find` throws when the shell does not help
 */
export function findProgramOr(find: () => Program, job: GuestJob, shell_fd: number | null): Program | Shell {
  try {
    return find();
  } catch (error) {
    if (!(error instanceof NotRunnable) || error.code !== 127 || shell_fd === null) throw error;
    const shell = load(shell_fd, job.shell!);
    if (!shell.provides(job.args[0] ?? '')) throw error;
    return shell;
  } finally {
    if (shell_fd !== null) close(shell_fd);
  }
}

function load(fd: number, bytes: number): Shell {
  const mapped = mapFile(fd, bytes);
  const code = Buffer.from(mapped.bytes.buffer, mapped.bytes.byteOffset, bytes).toString();
  mapped.unmap();
  return new vm.Script(code, { filename: 'shell.js' }).runInThisContext() as Shell;
}

/** A guest that is the shell, in the same walls as any other. */
export function openShell(channel: Channel, shell: Shell, place: ShellPlace): OpenGuest {
  const { job, files, stdin, stdout, stderr, walls } = place;
  const clock = createClock();
  channel.takeStart();
  channel.send(frame.running, Buffer.from(JSON.stringify(walls)));

  /** The key that interrupts was pressed. */
  function demandGoOn(): void {
    if (!channel.takeInterrupt()) return;
    channel.send(frame.takes_keys);
    throw new shell.Interrupted();
  }

  /** Waits until `fd` can be read or so long, whichever comes first, and listens to the shim meanwhile. */
  function wait(fd: number | null, timeout_ns: bigint | null): void {
    const until = timeout_ns === null ? null : clock.now(clockid.monotonic) + timeout_ns;
    for (;;) {
      // It may have come with what was read from the shim for something else.
      demandGoOn();
      const from_shim = { fd: channel.fd, events: POLL.IN, found: 0 };
      const waited = fd === null ? [] : [{ fd, events: POLL.IN, found: 0 }];
      const left = until === null ? null : until - clock.now(clockid.monotonic);
      if (left !== null && left <= 0n) return;
      poll([from_shim, ...waited], left);
      // A shim that is gone sends nothing that could be taken, and says so to whoever asks.
      if ((from_shim.found & POLL.HUP) !== 0) channel.receive();
      if (from_shim.found !== 0) continue;
      if (waited.some(({ found }) => found !== 0)) return;
    }
  }

  const buffer = new Uint8Array(64 * 1024);
  const input = new shell.Input(() => {
    wait(stdin.fd, null);
    const bytes = stdin.read([buffer]);
    return bytes === 0 ? null : buffer.slice(0, bytes);
  }, stdin.terminal);
  const streams = shell.Streams.of(input, shell.Output.ofFile(stdout), shell.Output.ofFile(stderr));
  const host: shell_module.ShellHost = {
    files,
    env: job.env,
    cwd: job.cwd,
    user: job.user,
    processes: job.processes ?? [],
    interactive: false,
    now: () => clock.now(clockid.realtime),
    sleep: (ns) => wait(null, ns),
    demandGoOn,
    runProgram: (call) => runProgram(call, { job, files, clock }),
  };
  return {
    run() {
      if (stdin.terminal) channel.send(frame.takes_keys);
      try {
        return { code: shell.runShell(host, job.args, streams), trap: null };
      } catch (error) {
        if (!(error instanceof shell.Interrupted)) throw error;
        return { code: 130, trap: null };
      }
    },
  };
}

/** Runs a WebAssembly program of the image in this process, its streams those of the shell's command. */
function runProgram(
  { path, args, env, cwd, streams }: shell_module.ProgramCall,
  { job, files, clock }: { readonly job: GuestJob; readonly files: Files; readonly clock: Clock },
): number {
  try {
    const { module, description, code } = compile(readModule(files, path), path, job, () => null);
    const host = createHost({
      args,
      env,
      preopens: [{ name: '/', directory: files.root }],
      working_directory: cwd,
      stdin: inputFile(streams.in),
      stdout: outputFile(streams.out),
      stderr: outputFile(streams.err),
      clock,
      random: fillRandom,
    });
    const instance = new WebAssembly.Instance(module, host.imports(importsNeeded(description.imports)));
    const ended = run(host, instance, { program: { module, code } });
    if (ended.trap !== null) streams.err.line(ended.trap);
    host.close();
    return ended.code;
  } catch (error) {
    streams.err.line((error as Error).message);
    return error instanceof NotRunnable ? error.code : 126;
  }
}

function readModule(files: Files, path: string): Uint8Array<ArrayBuffer> {
  const file = openPath(files, path);
  try {
    const { size } = file.stat();
    if (size > BigInt(module_bytes_max)) throw new NotRunnable(`exec ${path}: the module has ${size} bytes`, 126);
    const bytes = new Uint8Array(Number(size));
    let done = 0;
    while (done < bytes.length) {
      const n = file.pread([bytes.subarray(done)], BigInt(done));
      if (n === 0) break;
      done += n;
    }
    return bytes.subarray(0, done);
  } finally {
    file.close();
  }
}

/** What a command reads, as a file. */
function inputFile(input: shell_module.Input): File {
  const source = createSource({ terminal: input.terminal });
  return Object.assign(source, {
    read(into: readonly Uint8Array[]) {
      const [buffer] = into.filter(({ length }) => length > 0);
      if (buffer === undefined) return 0;
      const chunk = input.chunk();
      if (chunk === null) return 0;
      const part = chunk.subarray(0, buffer.length);
      buffer.set(part);
      input.unread(chunk.subarray(part.length));
      return part.length;
    },
  });
}

/** What a command prints to, as a file. */
function outputFile(output: shell_module.Output): File {
  return createCapture({ terminal: output.terminal, bytes_max: 0, on_write: (bytes) => output.write(bytes) });
}
