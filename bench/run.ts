/**
 * Starting containers: `docker run --rm` of hello on Wherry beside a static program on Docker, where an engine is at
 * hand (`DOCKER_BENCH_SOCKET`, image `DOCKER_BENCH_IMAGE`), interleaved in one run; then from start request to first
 * byte, fifty at once, and memory.
 */
import { spawnSync } from 'node:child_process';
import { createReadStream, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import type { Connection } from '../src/client/index.ts';
import { childrenOf, connect, exists, pss, shimPids, sleep, startDaemon } from './engine.ts';
import { figure, show } from './figures.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '30' }, quick: { type: 'boolean', default: false } },
});
const runs = values.quick ? 5 : Number(values.runs);

const wherry = await startDaemon();
const { connection } = wherry;
await load(connection, 'examples/hello/hello.wasm', 'hello');
await load(connection, 'examples/clock/clock.wasm', 'clock');
const peer_socket = process.env['DOCKER_BENCH_SOCKET'];
const peer_image = process.env['DOCKER_BENCH_IMAGE'] ?? 'hello';

try {
  await firstStart();
  if (exists('docker')) runs_by_cli();
  else console.log('no docker CLI here: docker run is not measured');
  await firstByte(connection, 'hello', 'Wherry: POST start to first byte at the attached socket');
  const ours = await parallel(connection, 'hello', 'Wherry: 50 parallel create + start until all first bytes');
  if (peer_socket !== undefined) {
    const docker = connect(peer_socket);
    await firstByte(docker, peer_image, 'Docker: POST start to first byte at the attached socket');
    const theirs = await parallel(docker, peer_image, 'Docker: 50 parallel create + start until all first bytes');
    console.log(`50 parallel: Wherry takes 1/${(theirs / ours).toFixed(1)} of Docker's`);
  } else console.log('no Docker engine here (DOCKER_BENCH_SOCKET): ratios are not measured');
  await memory();
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
  for (const count of [1, 10, 50]) {
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
  }
}
