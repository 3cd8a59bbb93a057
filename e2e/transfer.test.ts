/**
 * Images between registries, the store and archives, by the real `ctr`: of 2.x, whose daemon does the transfer, and of
 * 1.6, which does it itself over the services beside. What it prints and what is in the store afterwards is compared with
 * a containerd of the same version at the same time, as root; without, an exit code has to be the one beside the line.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';

import { pack } from 'tar-stream';

import { archives, busyboxPath } from './ctr/images.ts';
import { masksOf } from './ctr/masks.ts';
import { programsOf, type Version, versions } from './ctr/peer.ts';
import { ourSide, peerSide, type Side } from './ctr/sides.ts';
import { differences } from './docker/compare.ts';
import { type Outcome, runSteps } from './docker/run.ts';
import { parseScenario, readScenarios, type Scenario } from './docker/scenario.ts';
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

  // No containerd runs one, so there is nothing to compare with.
  if (version === '2') {
    test('ctr 2: a Wasm artifact runs once it was transferred', async () => {
      const steps = parseScenario('artifact', artifact_steps)[0]!;
      const outcomes = await run(sides[0]!, programs, steps, 'artifact', new Map([['artifact.tar', await artifact()]]));
      for (const { line, code, stdout, stderr } of outcomes) {
        const expected = steps.steps.find((step) => step.line === line)?.code ?? code;
        assert.equal(code, expected, `$ ${line}\n${stdout}${stderr}`);
      }
      assert.equal(outcomes.at(-1)?.stdout, 'Hello from WebAssembly!\n');
    });
  }

  test(`ctr ${version}: both sides end`, async () => {
    for (const side of sides) await side.stop();
  });
}

const artifact_steps = `== a Wasm artifact
ctr images import artifact.tar => 0
ctr images tag example.com/module:1 $REGISTRY/module:1 => 0
ctr images push --plain-http $REGISTRY/module:1 >/dev/null => 0
ctr images rm --sync example.com/module:1 $REGISTRY/module:1 => 0
ctr images pull --plain-http $REGISTRY/module:1 >/dev/null => 0
ctr images check | grep -q ' true' => 0
ctr run --rm --fifo-dir $PWD/fifos --runtime io.containerd.wherry.v1 $REGISTRY/module:1 $NS-1 => 0
`;

/** An OCI layout of hello as an artifact. */
async function artifact(): Promise<Buffer> {
  const blobs = new Map<string, Buffer>();
  const put = (mediaType: string, bytes: Buffer): object => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    blobs.set(digest, bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  };
  const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
  const module = readFileSync(join(import.meta.dirname, '../examples/hello/hello.wasm'));
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = json({
    schemaVersion: 2,
    mediaType: type,
    config: put('application/vnd.wasm.config.v0+json', json({ architecture: 'wasm', os: 'wasip1' })),
    layers: [put('application/wasm', module)],
  });
  const annotations = { 'io.containerd.image.name': 'example.com/module:1' };
  const tar = pack();
  tar.entry({ name: 'index.json' }, json({ schemaVersion: 2, manifests: [{ ...put(type, manifest), annotations }] }));
  tar.entry({ name: 'oci-layout' }, '{"imageLayoutVersion":"1.0.0"}');
  for (const [digest, bytes] of blobs) tar.entry({ name: `blobs/sha256/${digest}` }, bytes);
  tar.finalize();
  return await buffer(tar);
}

function run(
  side: Side,
  programs: string,
  scenario: Scenario,
  number: string,
  given: ReadonlyMap<string, Uint8Array> = files,
): Promise<Outcome[]> {
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
        NS: namespace,
        REGISTRY: `${registry.address}/${part}`,
        LOCKED: `${locked.address}/${part}`,
      },
      files: given,
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
