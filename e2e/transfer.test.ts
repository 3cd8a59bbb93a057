/**
 * Images between registries, the store and archives, by the real `ctr`: of 2.x, whose daemon does the transfer, and of
 * 1.6, which does it itself over the services beside. What it prints and what is in the store afterwards is compared with
 * a containerd of the same version at the same time, as root; without, an exit code has to be the one beside the line.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { archives, busyboxPath } from './ctr/images.ts';
import { masksOf } from './ctr/masks.ts';
import { programsOf, type Version, versions } from './ctr/peer.ts';
import { ourSide, peerSide, type Side } from './ctr/sides.ts';
import { differences } from './docker/compare.ts';
import { type Outcome, runSteps } from './docker/run.ts';
import { readScenarios, type Scenario } from './docker/scenario.ts';
import { Registry } from './registry.ts';

const user = process.getuid?.() === 0 ? 'root' : 'user';
const scenarios = readScenarios(join(import.meta.dirname, 'transfer'));

let registry: Registry;
let locked: Registry;
let files: ReadonlyMap<string, Uint8Array> = new Map();

before(async () => {
  files = await archives();
  registry = await Registry.start();
  // The password is "secret".
  locked = await Registry.start('joe:$2b$04$yk8YmT4zu3H2uMSSJ9ng2e7BShDXCbWsSZSbJa0IXV9uLjiXCsaMy');
});

after(async () => {
  await registry?.stop();
  await locked?.stop();
});

for (const version of versions) {
  const programs = programsOf(version);
  if (programs === null)
    console.log(`containerd ${version} is not here and cannot be fetched by this user: not compared`);
  else if (busyboxPath() === null) console.log('there is no static busybox (Debian: busybox-static): not compared');
  else compareWith(version, programs);
}

function compareWith(version: Version, programs: string): void {
  let sides: Side[] = [];

  test(`ctr ${version}: both sides start`, async () => {
    sides = [await ourSide(programs)];
    if (user === 'root') sides.push(peerSide(version));
    console.log(`ctr ${version}: ${sides.map(({ name }) => name).join(' and ')}, as ${user}`);
  });

  for (const [number, scenario] of scenarios.entries()) {
    if (versions.some((other) => scenario.needs.includes(other)) && !scenario.needs.includes(version)) continue;
    test(`ctr ${version}: ${scenario.title}`, { timeout: 300_000 }, async () => {
      const outcomes = await Promise.all(sides.map((side) => run(side, programs, scenario, `${version}-${number}`)));
      const name = `${scenario.file}: ${scenario.title}`;
      const found = outcomes.length === 2 ? differences(name, outcomes[1]!, outcomes[0]!, 'containerd') : [];
      assert.equal(found.map(({ line, text }) => `$ ${line}\n${text}`).join('\n'), '');
      for (const { line, code, stdout, stderr } of outcomes[0]!) {
        const expected = scenario.steps.find((step) => step.line === line)?.code ?? code;
        assert.equal(code, expected, `$ ${line}\n${stdout}${stderr}`);
      }
    });
  }

  test(`ctr ${version}: both sides end`, async () => {
    for (const side of sides) await side.stop();
  });
}

function run(side: Side, programs: string, scenario: Scenario, number: string): Promise<Outcome[]> {
  const namespace = `${side.letter}${process.pid % 1000}-${number.replace('.', '-')}`;
  const part = `side-${side.letter}${number.replace('.', '-')}`;
  const literal = (name: string, text: string, to: string): { name: string; pattern: RegExp; to: string } => ({
    name,
    pattern: new RegExp(RegExp.escape(text), 'g'),
    to,
  });
  const surroundings = { socket: side.socket, roots: side.roots, namespace };
  return runSteps(
    {
      environment: {
        PATH: `${programs}:${process.env['PATH'] ?? '/usr/bin:/bin'}:/usr/sbin:/sbin`,
        CONTAINERD_ADDRESS: side.socket,
        CONTAINERD_NAMESPACE: namespace,
        REGISTRY: `${registry.address}/${part}`,
        LOCKED: `${locked.address}/${part}`,
      },
      files,
      masks: (folder) => [
        ...masksOf({ ...surroundings, folder }),
        literal('the part of the registry', part, '<side>'),
        literal('the registry', registry.address, '<registry>'),
        literal('the locked registry', locked.address, '<locked>'),
        {
          name: 'a question that ctr 1.6 gives up when it is done',
          pattern: /^time="<time>" level=error msg="failed to get content info" error="context canceled"\n/gm,
          to: '',
        },
        { name: 'columns', pattern: / {2,}/g, to: '  ' },
      ],
    },
    scenario.steps,
  );
}
