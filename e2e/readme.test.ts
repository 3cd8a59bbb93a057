/**
 * `README.md`, followed to the letter: its commands line by line in one shell, in a fresh clone in an empty folder with
 * an empty npm cache, by a user without rights.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { checkout } from './daemon.ts';
import { temporaryFolder } from './folder.ts';
import { endProcess, isAlive, processesNaming, waitUntil } from './processes.ts';

/** Who root becomes for this: `nobody` of every Linux. */
const nobody = 65534;
const line_ms_max = 600_000;

/** The commands of all `sh` blocks, in order. */
function commandsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].flatMap(([, block]) =>
    block!
      .replaceAll('\\\n', ' ')
      .split('\n')
      .filter((line) => line.trim() !== '' && !line.startsWith('#')),
  );
}

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** Runs all commands in one `sh`, which stops at the first that fails; each is printed before it runs. */
function runAll(commands: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Promise<Ran> {
  const script = ['set -e', ...commands.flatMap((line) => [`printf '%s\\n' ${quoted(`$ ${line}`)} >&2`, line])].join(
    '\n',
  );
  const as_root = process.getuid?.() === 0;
  const child = spawn('sh', ['-c', script], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(as_root ? { uid: nobody, gid: nobody } : {}),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), line_ms_max * 2);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

test('a user given nothing but the clone can follow README.md line by line', async () => {
  const folder = temporaryFolder('readme-');
  const clone = join(folder, 'wherry');
  try {
    execFileSync('git', ['-c', 'safe.directory=*', 'clone', '--quiet', '--no-hardlinks', checkout, clone]);
    for (const name of ['home', 'run']) mkdirSync(join(folder, name), { mode: 0o700 });
    if (process.getuid?.() === 0) execFileSync('chown', ['-R', `${nobody}:${nobody}`, folder]);
    const commands = commandsOf(readFileSync(join(clone, 'README.md'), 'utf8'));
    assert.ok(commands.length > 10, 'README.md has commands');
    const { code, output } = await runAll(commands, clone, {
      // The system's npm and docker; nothing that the tests' own environment brings.
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      HOME: join(folder, 'home'),
      XDG_RUNTIME_DIR: join(folder, 'run'),
      LANG: 'C.UTF-8',
      ...proxies(),
    });
    assert.equal(code, 0, output.slice(-6000));
    const said = ['Hello from WebAssembly!', 'Hello from Python', 'export DOCKER_HOST=unix://'];
    for (const text of said) assert.ok(output.includes(text), `"${text}" is printed:\n${output.slice(-6000)}`);
  } finally {
    const left = processesNaming(folder);
    for (const pid of left) endProcess(pid);
    await waitUntil('the daemon of README.md is gone', 30_000, () => !left.some(isAlive));
    rmSync(folder, { recursive: true, force: true });
  }
});

/** How this machine reaches the npm registry, which a user's shell would know. */
function proxies(): Record<string, string> {
  const names = /^(https?_proxy|no_proxy|npm_config_(registry|cafile|proxy|https_proxy|noproxy)|node_extra_ca_certs)$/i;
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      names.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  );
}
