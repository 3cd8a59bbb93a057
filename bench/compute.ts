/**
 * Computing: small programs in C (bench/compute/), as WebAssembly in containers and as `cc -O2` made them, in one run.
 * Each is run twice in a container, as V8 first sees it and with the code that was kept; a run goes through its work
 * several times, so the best of those is its steady speed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Connection } from '../src/client/index.ts';
import { exists, sleep, startDaemon } from './engine.ts';

const sources = join(import.meta.dirname, 'compute');
/** How long the compiler is given between the first run of a program and the second. */
const compile_ms = 4000;

/** Milliseconds of each time through the work, and what it came to. */
interface Run {
  readonly ms: readonly number[];
  readonly sum: string;
}

function parse(output: string): Run {
  const lines = output
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  return { ms: lines.map(([ms]) => Number(ms)), sum: lines.at(-1)?.[1] ?? '' };
}

/** Runs an image with one argument to its end; gives what it printed. */
export async function printed(daemon: Connection, image: string, argument: string): Promise<string> {
  const { Id } = await daemon.json<{ Id: string }>('POST', '/containers/create', {
    body: { Image: image, Cmd: [argument], Tty: true, AttachStdout: true },
  });
  const { socket, head } = await daemon.hijack('POST', `/containers/${Id}/attach`, {
    query: { stream: '1', stdout: '1' },
  });
  let output = head.toString();
  socket.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await daemon.call('POST', `/containers/${Id}/start`);
  const { StatusCode } = await daemon.json<{ StatusCode: number }>('POST', `/containers/${Id}/wait`);
  socket.destroy();
  await daemon.call('DELETE', `/containers/${Id}`);
  if (StatusCode !== 0) throw new Error(`${image} ended with ${StatusCode}: ${output}`);
  return output;
}

/** Loads a bare module as an image of that name. */
export async function loadModule(daemon: Connection, path: string, name: string): Promise<void> {
  const objects = daemon.objects<{ error?: string }>('POST', '/images/load', {
    query: { quiet: '1', tag: name },
    headers: { 'Content-Type': 'application/x-tar' },
    stream: createReadStream(path),
  });
  for await (const { error } of objects) if (error !== undefined) throw new Error(error);
}

/** Runs all programs and prints a row for each; without a C compiler there is nothing to compare with. */
export async function compute(times: number): Promise<void> {
  if (!exists('cc')) {
    console.log('no C compiler here: computing is not compared with native programs');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'wherry-compute-'));
  const wherry = await startDaemon();
  const ratios: number[] = [];
  const seconds: number[] = [];
  console.log('computing, ms: native, Wherry steady, their ratio; the first and second run to their first result');
  try {
    for (const file of readdirSync(sources).filter((name) => name.endsWith('.c'))) {
      const name = file.slice(0, -'.c'.length);
      const image = `compute-${name}`;
      await loadModule(wherry.connection, join(sources, `${name}.wasm`), image);
      const program = join(folder, name);
      execFileSync('cc', ['-O2', '-o', program, join(sources, file), '-lm']);

      const first = parse(await printed(wherry.connection, image, String(times)));
      const native = parse(spawnSync(program, [String(times)], { encoding: 'utf8' }).stdout);
      if (native.sum !== first.sum) throw new Error(`${name}: ${first.sum} in the container, ${native.sum} natively`);
      await sleep(compile_ms);
      const second = parse(await printed(wherry.connection, image, String(times)));
      const steady = Math.min(...first.ms, ...second.ms);
      const ratio = steady / Math.min(...native.ms);
      ratios.push(ratio);
      seconds.push(second.ms[0]! / steady);
      const row = [Math.min(...native.ms), steady, ratio, first.ms[0]!, second.ms[0]!];
      console.log(`  ${name.padEnd(12)}${row.map((value) => value.toFixed(2).padStart(10)).join('')}`);
    }
  } finally {
    await wherry.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  const mean = Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
  console.log(`computing: Wherry takes ${mean.toFixed(2)} of native, geometric mean of ${ratios.length} programs`);
  console.log(
    `computing: the second run's first result takes ${Math.max(...seconds).toFixed(2)} of steady speed at most`,
  );
}
