/**
 * The real `ctr` prints for our daemon what it prints for a real containerd of the same version, at the same time, line by
 * line of the scenarios. What is known to differ stands in rules.json. A containerd needs root: without, our side alone is
 * run, and a line has to end with the exit code that stands beside it.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { type Difference, differences } from '../docker/compare.ts';
import type { Outcome } from '../docker/run.ts';
import { readScenarios, type Scenario } from '../docker/scenario.ts';
import { archives, busyboxPath } from './images.ts';
import { describeMasks } from './masks.ts';
import { programsOf, type Version, versions } from './peer.ts';
import { ourSide, peerSide, runOn, type Side } from './sides.ts';

/** At most so many lines of all scenarios may differ, whatever the version. */
const different_lines_max = 25;

/** So often a scenario is run until nothing differs in it that may not. */
const times_max = 3;

interface Rule {
  /** `FILE: TITLE`. */
  readonly scenario: string;
  readonly line: string;
  readonly why: string;
  /** Only for this version of `ctr`. */
  readonly version?: Version;
  /** Who the tests run as; root when it is left out, as otherwise nothing is compared. */
  readonly as?: 'root' | 'user';
}

const rules = JSON.parse(readFileSync(join(import.meta.dirname, 'rules.json'), 'utf8')) as Rule[];
const user = process.getuid?.() === 0 ? 'root' : 'user';

/** Every scenario of both, so that what is not here is said. */
const scenarios = readScenarios(join(import.meta.dirname, 'scenarios'));

/** Makes the tests of one version. */
export function compareWith(version: Version): void {
  const programs = programsOf(version);
  if (programs === null) {
    console.log(`containerd ${version} is not here and cannot be fetched by this user: not compared`);
    return;
  }
  const mine = rules.filter((rule) => (rule.version ?? version) === version && (rule.as ?? 'root') === user);
  const found: Difference[] = [];
  let sides: Side[] = [];
  let files: ReadonlyMap<string, Uint8Array> = new Map();
  let compared = 0;

  before(async () => {
    for (const line of describeMasks()) console.log(`masked: ${line}`);
    files = await archives();
    sides = [await ourSide(programs)];
    // WHERRY_CTR_TWICE: whether a containerd is compared with itself, which shows what is left to chance.
    if (user === 'root') sides.push(peerSide(version));
    if (process.env['WHERRY_CTR_TWICE'] !== undefined) sides[0] = peerSide(version, 'd');
    console.log(`ctr ${version}: ${sides.map(({ name }) => name).join(' and ')}, as ${user}`);
  });

  after(async () => {
    for (const side of sides) await side.stop();
  });

  for (const [number, scenario] of scenarios.entries()) {
    const name = `${scenario.file}: ${scenario.title}`;
    const missing = missingFor(scenario, version);
    if (missing !== null) {
      if (missing !== '') console.log(`not here: ${name}: ${missing}`);
      continue;
    }
    test(name, { timeout: 300_000 }, async () => {
      let differing: Difference[] = [];
      let unexcused: Difference[] = [];
      // On a busy machine ctr itself loses output or events now and then, beside a containerd as beside ours.
      for (let times = 0; times < times_max; times++) {
        const outcomes = await Promise.all(
          sides.map((side) => runOn(side, programs, files, scenario, number + times * scenarios.length)),
        );
        if (times === 0) compared += outcomes[0]!.length;
        differing = outcomes.length === 2 ? differences(name, outcomes[1]!, outcomes[0]!, 'containerd') : [];
        differing.push(...wrongCodes(name, scenario, outcomes.at(-1)!, differing));
        unexcused = differing.filter((difference) => !mine.some((rule) => isFor(rule, difference)));
        if (unexcused.length === 0) break;
        console.log(`differs at attempt ${times + 1}: ${name}: ${unexcused.map(({ line }) => line).join('; ')}`);
      }
      found.push(...differing);
      assert.equal(unexcused.length, 0, `ctr ${version}:\n${unexcused.map(show).join('\n')}`);
    });
  }

  test('what differs is accounted for', () => {
    for (const difference of found) {
      const why = mine.find((rule) => isFor(rule, difference))?.why;
      if (why !== undefined) console.log(`different: ${difference.scenario}: ${difference.line}\n  because ${why}`);
    }
    console.log(`ctr ${version}: compared ${compared} lines, ${found.length} differ`);
    const needless = mine.filter((rule) => !found.some((difference) => isFor(rule, difference)));
    assert.deepEqual(needless, [], 'these rules are not needed any more');
    const lines = new Set(rules.map(({ scenario, line }) => `${scenario}\n${line}`)).size;
    assert.ok(lines <= different_lines_max, `${lines} lines may differ, at most ${different_lines_max} should`);
  });
}

/** Why a scenario cannot be run here; null when it can, and nothing to say when it is another version's. */
function missingFor({ needs, steps }: Scenario, version: Version): string | null {
  if (versions.some((other) => needs.includes(other)) && !needs.includes(version)) return '';
  if (needs.includes('root') && user !== 'root') return 'mounts and runc need root';
  if (busyboxPath() === null && steps.some(({ line }) => /busybox|zipped|many/.test(line)))
    return 'there is no static busybox (Debian: busybox-static)';
  return null;
}

/** Lines that did not end as it stands beside them, but for those that are found to differ. */
function wrongCodes(
  name: string,
  { steps }: Scenario,
  outcomes: readonly Outcome[],
  known: readonly Difference[],
): Difference[] {
  return outcomes.flatMap(({ line, code, stdout, stderr }) => {
    const expected = steps.find((step) => step.line === line)?.code ?? code;
    if (expected === code || known.some((difference) => difference.line === line)) return [];
    return [{ scenario: name, line, text: `  ended with ${code}:\n${stdout}${stderr}` }];
  });
}

function isFor({ scenario, line }: Rule, difference: Difference): boolean {
  return scenario === difference.scenario && line === difference.line;
}

function show({ line, text }: Difference): string {
  return `$ ${line}\n${text}`;
}
