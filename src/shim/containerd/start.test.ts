import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { AnySchema } from '@bufbuild/protobuf/wkt';
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { signalProcess } from '../../os/index.ts';
import {
  bootstrapParams,
  packMessage,
  readBootstrapResult,
  runtimeOptions,
  Task,
  task,
  TtrpcClient,
} from '../../wire/index.ts';
import { introspectionTypes } from '../../wire/services.ts';

const program = new URL('../../../dist/containerd-shim-wherry-v1', import.meta.url).pathname;

interface Answer {
  readonly status: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

describe('the program that containerd starts', () => {
  let folder: string;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'ws-'))));
  after(() => {
    for (const pid of shims()) signalProcess(pid, 9);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  /** The shims that were started below our folder. */
  function shims(): readonly number[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
          return words.includes('--containerd') && words.some((word) => word.startsWith(`${folder}/`));
        } catch {
          return false;
        }
      });
  }

  const bundleOf = (id: string, annotations: object = {}): string => {
    const bundle = join(folder, 'bundles', id);
    mkdirSync(bundle, { recursive: true });
    writeFileSync(
      join(bundle, 'config.json'),
      JSON.stringify({ ociVersion: '1.0.2', deep: [[{ a: '"}' }]], annotations }),
    );
    return bundle;
  };

  const words = (namespace: string, id: string, verb: string): readonly string[] =>
    [
      '-namespace',
      namespace,
      '-address',
      `${folder}/c.sock`,
      '-publish-binary',
      '/bin/false',
      '-id',
      id,
      verb,
    ] as const;

  async function run(
    namespace: string,
    id: string,
    verb: 'start' | 'delete',
    { input = Buffer.alloc(0), variables = {} }: { input?: Uint8Array; variables?: Record<string, string> } = {},
  ): Promise<Answer> {
    const child: ChildProcess = spawn(program, words(namespace, id, verb), {
      cwd: join(folder, 'bundles', id),
      env: { PATH: process.env['PATH'] ?? '', WHERRY_STATE: join(folder, 'w'), ...variables },
    });
    const pieces: Buffer[] = [];
    let stderr = '';
    child.stdout!.on('data', (piece: Buffer) => void pieces.push(piece));
    child.stderr!.on('data', (piece: Buffer) => (stderr += piece.toString()));
    child.stdin!.on('error', () => {});
    child.stdin!.end(input);
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { status, stdout: Buffer.concat(pieces), stderr };
  }

  test('answers a containerd of before 1.7 with a plain address, and leaves it in the bundle', async () => {
    const bundle = bundleOf('old');
    const { status, stdout, stderr } = await run('one', 'old', 'start');
    assert.equal(status, 0, stderr);
    const address = stdout.toString();
    assert.match(address, /^unix:\/\/\/.*\/0\/task\.sock$/);
    assert.equal(readFileSync(join(bundle, 'address'), 'utf8'), address);
  });

  test('answers those up to 2.2 in JSON, whatever options of the runtime they send', async () => {
    bundleOf('new');
    const options = packMessage(runtimeOptions.OptionsSchema, { typeUrl: 'new', configPath: 'one' });
    const input = toBinary(AnySchema, options);
    const { stdout } = await run('one', 'new', 'start', { input, variables: { MAX_SHIM_VERSION: '2' } });
    const answer = JSON.parse(stdout.toString()) as object;
    assert.deepEqual(Object.keys(answer), ['version', 'address', 'protocol']);
    assert.deepEqual({ ...answer, address: '' }, { version: 2, address: '', protocol: 'ttrpc' });
  });

  test('answers those from 2.3 on as they ask: parameters in, a result out', async () => {
    bundleOf('newest');
    const input = bootstrapParams({
      id: 'newest',
      namespace: 'one',
      version: '2.4.0',
      address: `${folder}/c.sock`,
      ttrpc_address: `${folder}/c.sock.ttrpc`,
      publish_binary: '',
      options: null,
    });
    const { stdout } = await run('one', 'newest', 'start', { input, variables: { MAX_SHIM_VERSION: '2' } });
    const result = readBootstrapResult(stdout)!;
    assert.equal(result.version, 3);
    assert.equal(result.protocol, 'ttrpc');
    const client = await TtrpcClient.connect(result.address);
    // Both names that the service has are answered to.
    await assert.rejects(client.service(Task).state({ id: 'newest' }), { class: 'NotFound' });
    client.close();
  });

  test('containers of a namespace share a shim, those of a pod have one of their own', async () => {
    const pod = { 'io.kubernetes.cri.sandbox-id': 'p1', other: 'x' };
    bundleOf('plain');
    bundleOf('pod-a', pod);
    bundleOf('pod-b', { ...pod, 'io.kubernetes.cri.container-name': 'b' });
    const [plain, a, b] = await Promise.all(['plain', 'pod-a', 'pod-b'].map((id) => run('one', id, 'start')));
    assert.equal(a!.stdout.toString(), b!.stdout.toString());
    assert.notEqual(a!.stdout.toString(), plain!.stdout.toString());
  });

  test('a hundred at once start no more shims than they need', async () => {
    const ids = Array.from({ length: 100 }, (_, i) => `race-${i}`);
    for (const id of ids) bundleOf(id);
    const answers = await Promise.all(ids.map((id) => run('race', id, 'start')));
    assert.deepEqual(
      answers.filter(({ status }) => status !== 0),
      [],
    );
    const addresses = Map.groupBy(answers, ({ stdout }) => stdout.toString());
    assert.deepEqual(
      [...addresses.values()].map(({ length }) => length),
      [50, 50],
    );
    const ended = await run('race', 'race-0', 'delete');
    assert.equal(fromBinary(task.DeleteResponseSchema, ended.stdout).exitStatus, 137);
  });

  test('the socket of a shim that died is not handed out', async () => {
    bundleOf('first');
    bundleOf('second');
    const first = (await run('dead', 'first', 'start')).stdout.toString();
    const before_it = shims();
    for (const pid of before_it) signalProcess(pid, 9);
    const second = (await run('dead', 'second', 'start')).stdout.toString();
    assert.equal(second, first, 'its place is taken');
    const client = await TtrpcClient.connect(second);
    client.close();
    assert.equal(shims().filter((pid) => !before_it.includes(pid)).length, 1);
  });

  test('delete answers for a container that is not there, at once and without a shim', async () => {
    bundleOf('never');
    const { status, stdout } = await run('none', 'never', 'delete');
    const { exitStatus, exitedAt } = fromBinary(task.DeleteResponseSchema, stdout);
    assert.equal(status, 0);
    assert.equal(exitStatus, 137);
    assert.ok(Math.abs(Number(exitedAt!.seconds) * 1000 - Date.now()) < 60_000);
    assert.equal(existsSync(join(folder, 'bundles/never/address')), false);
  });

  test('says what it makes of a bundle', () => {
    const options = packMessage(runtimeOptions.OptionsSchema, { typeUrl: 'x' });
    const { stdout } = spawnSync(program, ['-info'], { input: toBinary(AnySchema, options) });
    const info = fromBinary(introspectionTypes.RuntimeInfoSchema, stdout);
    assert.equal(info.name, 'io.containerd.wherry.v1');
    assert.match(info.version!.version, /^\d+\.\d+\.\d+$/);
    assert.equal(info.options!.typeUrl, 'runtimeoptions.v1.Options');
    const features = JSON.parse(Buffer.from(info.features!.value).toString()) as { hooks: readonly string[] };
    assert.ok(features.hooks.includes('createRuntime'));
  });

  test('says in words what is wrong with how it is called', () => {
    const say = (...given: string[]): string =>
      spawnSync(program, given, { input: '', encoding: 'utf8', env: { WHERRY_STATE: folder } }).stderr;
    assert.match(say('-id', 'a', 'start'), /namespace cannot be empty/);
    assert.match(say('-nonsense', 'start'), /not defined: -nonsense/);
    assert.match(say('-namespace', 'a', '-id', 'a', 'dance'), /start or delete is needed, not dance/);
    assert.match(say('-namespace'), /flag needs an argument/);
  });
});
