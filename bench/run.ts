/**
 * Starting containers: `docker run --rm` of hello on Wherry beside a static program on Docker, where an engine is at
 * hand (`DOCKER_BENCH_SOCKET`, image `DOCKER_BENCH_IMAGE`), interleaved in one run; so is `docker run -d -p` of web to the
 * first byte that it answers (image `DOCKER_BENCH_WEB_IMAGE`); then from start request to first byte, fifty at once, and
 * memory. `bench compute` runs programs that compute instead (compute.ts), `bench shim` our shim under containerd
 * (shim.ts), `bench containerd` containerd's door beside a real containerd (containerd.ts).
 */
import { spawnSync } from 'node:child_process';
import { createReadStream, readFileSync } from 'node:fs';
import { connect as connectTo, createServer } from 'node:net';
import { parseArgs } from 'node:util';

import type { Connection } from '../src/client/index.ts';
import { calls } from './calls.ts';
import { compute } from './compute.ts';
import { containerd } from './containerd.ts';
import { childrenOf, connect, exists, pageTables, pss, shimPids, sleep, startDaemon } from './engine.ts';
import { figure, show } from './figures.ts';
import { benchShim } from './shim.ts';

const { values, positionals } = parseArgs({
  options: {
    runs: { type: 'string', default: '30' },
    quick: { type: 'boolean', default: false },
    /** How many containers run when memory is looked at. */
    containers: { type: 'string', default: '1,10,50' },
    /** Of `bench containerd`: a table, or JSON. */
    format: { type: 'string', default: 'table' },
  },
  allowPositionals: true,
});
const runs = values.quick ? 5 : Number(values.runs);

const [what] = positionals;
if (what === 'compute') {
  await compute(values.quick ? 2 : 5);
  process.exit(0);
}
if (what === 'calls') {
  await calls();
  process.exit(0);
}
if (what === 'containerd') {
  await containerd({ runs, quick: values.quick, format: values.format === 'json' ? 'json' : 'table' });
  process.exit(0);
}

if (what === 'shim') {
  await benchShim(runs);
  process.exit(0);
}

const wherry = await startDaemon();
const { connection } = wherry;
await load(connection, 'examples/hello/hello.wasm', 'hello');
await load(connection, 'examples/clock/clock.wasm', 'clock');
await load(connection, 'examples/web/web.wasm', 'web');
const peer_socket = process.env['DOCKER_BENCH_SOCKET'];
const peer_image = process.env['DOCKER_BENCH_IMAGE'] ?? 'hello';
const peer_web_image = process.env['DOCKER_BENCH_WEB_IMAGE'];

try {
  await firstStart();
  if (exists('docker')) {
    runs_by_cli();
    await answers_by_cli();
  } else console.log('no docker CLI here: docker run is not measured');
  await firstByte(connection, 'hello', 'Wherry: POST start to first byte at the attached socket');
  const ours = await parallel(connection, 'hello', 'Wherry: 50 parallel create + start until all first bytes');
  if (peer_socket !== undefined) {
    const docker = connect(peer_socket);
    await firstByte(docker, peer_image, 'Docker: POST start to first byte at the attached socket');
    const theirs = await parallel(docker, peer_image, 'Docker: 50 parallel create + start until all first bytes');
    console.log(`50 parallel: Wherry takes 1/${(theirs / ours).toFixed(1)} of Docker's`);
  } else console.log('no Docker engine here (DOCKER_BENCH_SOCKET): ratios are not measured');
  await memory();
  await startsASecond();
} finally {
  await wherry.stop();
}

async function load(daemon: Connection, path: string, tag: string): Promise<void> {
  const objects = daemon.objects<{ error?: string }>('POST', '/images/load', {
    query: { quiet: '1', tag },
    headers: { 'Content-Type': 'application/x-tar' },
    stream: createReadStream(path),
  });
  for await (const { error } of objects) if (error !== undefined) throw new Error(error);
}

async function firstStart(): Promise<void> {
  show('Wherry: first start of a new daemon (cold)', figure([await startOnce(connection, 'hello')]), 'ms');
}

function runs_by_cli(): void {
  const ours: number[] = [];
  const theirs: number[] = [];
  const bare: number[] = [];
  for (let i = 0; i < runs + 1; i++) {
    const mine = cli(wherry.socket, 'run', '--rm', 'hello');
    const peer = peer_socket === undefined ? null : cli(peer_socket, 'run', '--rm', peer_image);
    const alone = cli(wherry.socket, 'version');
    // The first of each warms what a day's first run warms.
    if (i === 0) continue;
    ours.push(mine);
    bare.push(alone);
    if (peer !== null) theirs.push(peer);
  }
  show('Wherry: docker run --rm hello', figure(ours), 'ms');
  show('  of it the docker CLI alone: docker version', figure(bare), 'ms');
  if (theirs.length === 0) return;
  show('Docker: docker run --rm, a static program', figure(theirs), 'ms');
  console.log(
    `docker run --rm: Wherry takes 1/${(figure(theirs).median / figure(ours).median).toFixed(1)} of Docker's`,
  );
}

async function answers_by_cli(): Promise<void> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < runs + 1; i++) {
    const mine = await firstAnswer(wherry.socket, 'web');
    const measured = peer_socket !== undefined && peer_web_image !== undefined;
    const peer = measured ? await firstAnswer(peer_socket, peer_web_image) : null;
    if (i === 0) continue;
    ours.push(mine);
    if (peer !== null) theirs.push(peer);
  }
  show('Wherry: docker run -d -p web to its first byte of HTTP', figure(ours), 'ms');
  if (theirs.length === 0) return;
  show('Docker: docker run -d -p to the first byte of HTTP', figure(theirs), 'ms');
  console.log(
    `docker run -d -p: Wherry takes 1/${(figure(theirs).median / figure(ours).median).toFixed(1)} of Docker's`,
  );
}

/** Milliseconds from the command to the first byte of an answer. */
async function firstAnswer(socket: string, image: string): Promise<number> {
  const port = await freePort();
  const name = `bench-${port}`;
  const from = performance.now();
  cli(socket, 'run', '-d', '--name', name, '-p', `127.0.0.1:${port}:8080`, image);
  while (!(await answers(port))) await sleep(1);
  const took = performance.now() - from;
  cli(socket, 'rm', '-f', name);
  return took;
}

/** Whether something answers at the port; a proxy in front of a program that is not there yet hangs up. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTo(port, '127.0.0.1', () => socket.write('GET /guestbook HTTP/1.0\r\n\r\n'));
    socket.once('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function cli(socket: string, ...args: string[]): number {
  const from = performance.now();
  const { status, stderr } = spawnSync('docker', ['-H', `unix://${socket}`, ...args]);
  const took = performance.now() - from;
  if (status !== 0) throw new Error(`docker ${args.join(' ')} ended with ${status}: ${stderr.toString()}`);
  return took;
}

async function create(daemon: Connection, image: string): Promise<string> {
  const { Id } = await daemon.json<{ Id: string }>('POST', '/containers/create', {
    body: { Image: image, AttachStdout: true },
  });
  return Id;
}

/** Starts a created container; gives milliseconds from writing the request to the first byte of its output. */
async function startAttached(daemon: Connection, id: string): Promise<number> {
  const { socket, head } = await daemon.hijack('POST', `/containers/${id}/attach`, {
    query: { stream: '1', stdout: '1', stderr: '1' },
  });
  const byte = new Promise<number>((resolve, reject) => {
    if (head.length > 0) resolve(performance.now());
    socket.once('data', () => resolve(performance.now()));
    socket.once('close', () => reject(new Error('no output')));
  });
  const from = performance.now();
  const [at] = await Promise.all([byte, daemon.call('POST', `/containers/${id}/start`)]);
  socket.destroy();
  return at - from;
}

async function startOnce(daemon: Connection, image: string): Promise<number> {
  const id = await create(daemon, image);
  const took = await startAttached(daemon, id);
  await daemon.json('POST', `/containers/${id}/wait`);
  await daemon.call('DELETE', `/containers/${id}`);
  return took;
}

async function firstByte(daemon: Connection, image: string, name: string): Promise<void> {
  const took: number[] = [];
  for (let i = 0; i < runs * 3; i++) {
    took.push(await startOnce(daemon, image));
    // Warm is: what stands by for a start has been forked again.
    await sleep(200);
  }
  show(name, figure(took.slice(3)), 'ms');
}

async function parallel(daemon: Connection, image: string, name: string): Promise<number> {
  const took: number[] = [];
  for (let round = 0; round < (values.quick ? 1 : 3); round++) {
    const from = performance.now();
    const ids = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const id = await create(daemon, image);
        await startAttached(daemon, id);
        return id;
      }),
    );
    took.push(performance.now() - from);
    for (const id of ids) {
      await daemon.json('POST', `/containers/${id}/wait`);
      await daemon.call('DELETE', `/containers/${id}`);
    }
  }
  show(name, figure(took), 'ms');
  return figure(took).median;
}

/** Whole lives of containers, eight at once: create, start, first byte, end, removal. */
async function startsASecond(): Promise<void> {
  const count = values.quick ? 80 : 400;
  let left = count;
  const from = performance.now();
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      while (left-- > 0) await startOnce(connection, 'hello');
    }),
  );
  show(
    'Wherry: containers a second, from create to removal',
    figure([count / ((performance.now() - from) / 1000)]),
    '/s',
  );
}

/** The zygotes of a shim, without the bubblewrap around them. */
function zygotesOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) =>
    /^[^\0]*bwrap\0/.test(readFileSync(`/proc/${child}/cmdline`, 'latin1')) ? zygotesOf(child) : [child],
  );
}

async function memory(): Promise<void> {
  await sleep(2000);
  show('memory: daemon, idle', figure([pss(wherry.pid)]), 'MB PSS');
  for (const shim of shimPids(wherry.state)) {
    show(`memory: shim ${shim}`, figure([pss(shim)]), 'MB PSS');
    for (const zygote of zygotesOf(shim)) {
      show('memory: zygote that waits ready', figure([pss(zygote)]), 'MB PSS');
      const ahead = childrenOf(zygote).map(pss);
      if (ahead.length > 0) show(`memory: each of ${ahead.length} that stand by for a start`, figure(ahead), 'MB PSS');
    }
  }
  const ids: string[] = [];
  for (const count of values.containers.split(',').map(Number)) {
    while (ids.length < count) {
      const id = await create(connection, 'clock');
      await connection.call('POST', `/containers/${id}/start`);
      ids.push(id);
    }
    await sleep(3000);
    const guests = await Promise.all(
      ids.map(
        async (id) => (await connection.json<{ State: { Pid: number } }>('GET', `/containers/${id}/json`)).State.Pid,
      ),
    );
    show(`memory: a container's process, ${count} running`, figure(guests.map(pss)), 'MB PSS');
    show('  and its page tables', figure(guests.map(pageTables)), 'MB');
  }
}
