/** Host calls: nanoseconds of each for a guest and for the same program natively (bench/calls/), in one run. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { loadModule, printed } from './compute.ts';
import { exists, startDaemon } from './engine.ts';

const source = join(import.meta.dirname, 'calls', 'calls.c');

function parse(output: string): ReadonlyMap<string, number> {
  const rows = output
    .trim()
    .split('\n')
    .map((line) => line.trim().split(' '));
  return new Map(rows.map(([name, ns]) => [name!, Number(ns)]));
}

/** Prints a row for each call; a compiler is needed for the native side. */
export async function calls(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-calls-'));
  const wherry = await startDaemon();
  try {
    await loadModule(wherry.connection, source.replace(/c$/, 'wasm'), 'calls');
    const program = join(folder, 'calls');
    let native: ReadonlyMap<string, number> = new Map();
    if (exists('cc')) {
      execFileSync('cc', ['-O2', '-o', program, source]);
      native = parse(execFileSync(program, [program], { encoding: 'utf8' }));
    }
    console.log('host calls, ns: native, Wherry, their ratio; calls a second');
    for (const [name, ns] of parse(await printed(wherry.connection, 'calls', '/module.wasm'))) {
      const peer = native.get(name);
      const row = [peer ?? NaN, ns, ns / (peer ?? NaN), 1e9 / ns];
      console.log(`  ${name.padEnd(16)}${row.map((value) => value.toFixed(1).padStart(14)).join('')}`);
    }
  } finally {
    await wherry.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
