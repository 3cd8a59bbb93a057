/**
 * Runs the scenarios of `e2e/docker/` on a real Docker engine and writes down what the `docker` command prints. With
 * `--check` nothing is written: it says what differs from what is written, which for the same engine is nothing. With
 * `--only REGEXP` the scenarios of such names are recorded anew and the others left as they are.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { differences } from '../docker/compare.ts';
import { readRecording, type Recorded, writeRecording } from '../docker/recording.ts';
import { runScenario } from '../docker/run.ts';
import { readScenarios } from '../docker/scenario.ts';
import { cliVersion, Target } from '../docker/target.ts';
import { temporaryFolder } from '../folder.ts';

const e2e = join(import.meta.dirname, '..');
const platform = 'linux/amd64';

const { values } = parseArgs({
  options: { check: { type: 'boolean', default: false }, only: { type: 'string' }, host: { type: 'string' } },
});

const programs = temporaryFolder('programs-');
const engine = join(import.meta.dirname, 'engine.sh');
const host = values.host ?? `unix://${execFileSync('sh', [engine, 'start'], { encoding: 'utf8' }).trim()}`;
const target = await Target.prepare(host, platform, linuxProgram);
try {
  const scenarios: Recorded[] = [];
  for (const scenario of readScenarios()) {
    const name = `${scenario.file}: ${scenario.title}`;
    if (values.only !== undefined && !new RegExp(values.only).test(name)) continue;
    const from = performance.now();
    try {
      const outcomes = await runScenario(target, scenario);
      scenarios.push({ scenario: name, outcomes });
      console.error(`${name}: ${outcomes.length} lines, ${Math.round(performance.now() - from)} ms`);
    } catch (error) {
      console.error(`${name}: ${String(error)}`);
      process.exitCode = 1;
    }
  }
  const lines = scenarios.reduce((sum, { outcomes }) => sum + outcomes.length, 0);
  if (values.check) check(scenarios);
  else if (process.exitCode === undefined) write(scenarios);
  console.error(`${lines} lines of ${scenarios.length} scenarios`);
} finally {
  await target.release();
  rmSync(programs, { recursive: true });
  if (values.host === undefined) execFileSync('sh', [engine, 'stop']);
}

/** The scenarios run, and those not run as they were recorded, which the same engine has to have done. */
function write(scenarios: readonly Recorded[]): void {
  if (values.only === undefined) return writeRecording({ versions: versions(), scenarios });
  const before = readRecording();
  assert.deepEqual(versions(), before.versions, 'another engine recorded the others');
  const anew = new Map(scenarios.map((recorded) => [recorded.scenario, recorded]));
  const known = new Map(before.scenarios.map((recorded) => [recorded.scenario, recorded]));
  const names = readScenarios().map(({ file, title }) => `${file}: ${title}`);
  writeRecording({ ...before, scenarios: names.flatMap((name) => anew.get(name) ?? known.get(name) ?? []) });
}

function check(scenarios: readonly Recorded[]): void {
  const recorded = new Map(readRecording().scenarios.map(({ scenario, outcomes }) => [scenario, outcomes]));
  for (const { scenario, outcomes } of scenarios)
    for (const { line, text } of differences(scenario, recorded.get(scenario) ?? [], outcomes)) {
      console.log(`${scenario}\n  ${line}\n${text}`);
      process.exitCode = 1;
    }
}

/** The C source of a program, static for Linux, obeying signals as one of ours does. */
function linuxProgram(name: string): Uint8Array {
  const source = name === 'probe' ? join(e2e, 'guests/probe.c') : join(e2e, `../examples/${name}/${name}.c`);
  const to = join(programs, name);
  if (!existsSync(to))
    execFileSync('cc', [
      '-std=gnu11',
      '-Os',
      '-static',
      '-s',
      '-o',
      to,
      source,
      join(import.meta.dirname, 'signals.c'),
    ]);
  return readFileSync(to);
}

function versions(): Record<string, string> {
  const format = '{{range .Server.Components}}{{.Name}} {{.Version}}\n{{end}}';
  const printed = execFileSync('docker', ['-H', host, 'version', '--format', format], { encoding: 'utf8' });
  const components = printed
    .trim()
    .split('\n')
    .map((line) => line.split(' ') as [string, string]);
  const api = execFileSync('docker', ['-H', host, 'version', '--format', '{{.Server.APIVersion}}'], {
    encoding: 'utf8',
  }).trim();
  return { CLI: cliVersion(), API: api, ...Object.fromEntries(components) };
}
