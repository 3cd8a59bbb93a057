import { createMemoryFiles, type MemoryFiles } from '../wasi/index.ts';
import { Input, Output, provides, runShell, type ShellHost, Streams } from './index.ts';

/** What a command printed and how it ended. */
export interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** A shell over files in memory. */
export class TestShell {
  readonly files: MemoryFiles = createMemoryFiles();
  readonly env: string[] = ['PATH=/bin', 'HOME=/root'];
  /** Programs of the image: what they are called with. */
  readonly calls: string[][] = [];
  slept_ns = 0n;

  constructor(files: Readonly<Record<string, string>> = {}) {
    for (const path of ['/bin', '/tmp', '/root']) this.files.makeDirectories(path);
    for (const [path, text] of Object.entries(files)) this.files.put(path, new TextEncoder().encode(text));
  }

  /** Runs a script as `sh -c` does. */
  run(script: string, input = ''): Ran {
    return this.call(['sh', '-c', script], input);
  }

  call(args: readonly string[], input = ''): Ran {
    let out = '';
    let err = '';
    const decoder = new TextDecoder();
    const host: ShellHost = {
      files: this.files,
      env: this.env,
      cwd: '/',
      user: { uid: 1000, gid: 100, groups: [] },
      processes: [['/app.wasm', 'serve'], args],
      interactive: false,
      now: () => 1_700_000_000_000_000_000n,
      sleep: (ns) => void (this.slept_ns += ns),
      demandGoOn: () => {},
      runProgram: ({ args: argv, streams, env }) => {
        this.calls.push([...argv]);
        streams.out.text(`${argv.join(' ')} ${env.includes('X=1') ? 'X ' : ''}[${decoder.decode(streams.in.all())}]\n`);
        return 7;
      },
    };
    const streams = Streams.of(
      Input.ofBytes(new TextEncoder().encode(input)),
      new Output((bytes) => void (out += decoder.decode(bytes))),
      new Output((bytes) => void (err += decoder.decode(bytes))),
    );
    if (!provides(args[0]!)) throw new Error(`the shell has no ${args[0]}`);
    const status = runShell(host, args, streams);
    return { status, out, err };
  }
}
