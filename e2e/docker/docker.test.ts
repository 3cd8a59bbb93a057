/**
 * The `docker` command prints for us what it printed for a Docker engine, line by line of the scenarios. What differs
 * only because the recorded engine is older, or differs and is known to, stands in excused.json.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { type Daemon, startDaemon } from '../daemon.ts';
import { account, type Difference, differences, different_lines_max, type Excuse } from './compare.ts';
import { wasmProgram } from './images.ts';
import { describeMasks } from './masks.ts';
import { readRecording } from './recording.ts';
import { runScenario } from './run.ts';
import { isCompared, readScenarios } from './scenario.ts';
import { cliVersion, Target } from './target.ts';

const excuses = JSON.parse(readFileSync(join(import.meta.dirname, 'excused.json'), 'utf8')) as Excuse[];
const { versions, scenarios: recorded } = readRecording();
const user = process.getuid?.() === 0 ? 'root' : 'user';

let daemon: Daemon;
let target: Target;
let compared = 0;
const found: Difference[] = [];

before(async () => {
  const cli = cliVersion();
  assert.equal(
    cli.split('.')[0],
    versions['CLI']?.split('.')[0],
    `recorded with the CLI ${versions['CLI']}, here is ${cli}`,
  );
  console.log(
    `Docker ${versions['Engine']} (API ${versions['API']}), CLI ${versions['CLI']}; here CLI ${cli}, as ${user}`,
  );
  for (const line of describeMasks()) console.log(`masked: ${line}`);
  daemon = await startDaemon();
  target = await Target.prepare(daemon.host, 'wasi/wasm', wasmProgram);
});

after(async () => {
  await target?.release();
  await daemon?.stop();
});

for (const scenario of readScenarios()) {
  const name = `${scenario.file}: ${scenario.title}`;
  test(name, { timeout: 300_000 }, async () => {
    const expected = recorded.find((other) => other.scenario === name)?.outcomes;
    assert.ok(expected !== undefined, `"${name}" was not recorded: run e2e/record/record.ts`);
    assert.equal(scenario.steps.filter(isCompared).length, expected.length, `"${name}" was recorded otherwise`);
    const mine = differences(name, expected, await runScenario(target, scenario));
    compared += expected.length;
    found.push(...mine);
    const { unexcused } = account(expected.length, mine, excuses, user);
    assert.equal(unexcused.length, 0, `differs from Docker ${versions['Engine']}:\n${unexcused.map(show).join('\n')}`);
  });
}

test('what differs is accounted for', () => {
  const { older, different, unexcused, needless } = account(compared, found, excuses, user);
  for (const difference of different) console.log(`different: ${difference.scenario}: ${show(difference)}`);
  const equal = compared - found.length;
  const counts = `equal ${equal}, older engine ${older.length}, different ${different.length}, not excused ${unexcused.length}`;
  console.log(`docker: compared ${compared} lines: ${counts}`);
  assert.deepEqual(needless, [], 'these excuses are not needed any more');
  assert.ok(
    different.length <= different_lines_max,
    `${different.length} lines differ, at most ${different_lines_max} may`,
  );
});

function show({ line, text }: Difference): string {
  return `$ ${line}\n${text}`;
}
