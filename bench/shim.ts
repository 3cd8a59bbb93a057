/**
 * Our shim under a containerd as it is, beside runc's, in turns in one run: from the create request of a task to its end,
 * and to its deletion; many at once; and what waits ready costs. By containerd's services, without `ctr`.
 */
import { readFileSync } from 'node:fs';

import { Lives, type Template } from '../e2e/containerd-shim/lives.ts';
import { RealContainerd, runtime as ours } from '../e2e/containerd-shim/real-containerd.ts';
import { versions } from '../e2e/ctr/peer.ts';
import { descendantsOf, processesNaming } from '../e2e/processes.ts';
import { pss, sleep } from './engine.ts';
import { figure, show } from './figures.ts';

const theirs = 'io.containerd.runc.v2';

/** `runs` lives of each, after one that warms. */
export async function benchShim(runs: number): Promise<void> {
  for (const version of versions) {
    const containerd = await RealContainerd.start(version);
    if (containerd === null) {
      console.log(`containerd ${version}: not here, or not for this user`);
      continue;
    }
    try {
      await measure(containerd, runs);
    } finally {
      await containerd.stop();
    }
  }
}

async function measure(containerd: RealContainerd, runs: number): Promise<void> {
  const lives = new Lives(containerd);
  const name = `containerd ${containerd.version}`;
  const templates: Readonly<Record<string, Template>> = {
    [ours]: await Lives.template(containerd, ours, ['/bin/hello.wasm']),
    [theirs]: await Lives.template(containerd, theirs, ['/bin/busybox', 'true']),
  };
  const took = new Map(
    Object.keys(templates).map((runtime) => [runtime, { end: [] as number[], gone: [] as number[] }]),
  );
  const cold = performance.now();
  await life(lives, 'cold', templates[ours]!);
  show(`${name}: our shim's first container (cold)`, figure([performance.now() - cold]), 'ms');
  for (let i = 0; i < runs + 1; i++)
    for (const [runtime, template] of Object.entries(templates)) {
      const { end, gone } = await life(lives, `${runtime.split('.')[2]}-${i}`, template);
      if (i === 0) continue;
      took.get(runtime)!.end.push(end);
      took.get(runtime)!.gone.push(gone);
      // Warm is: what stands by for a start has been forked again.
      await sleep(100);
    }
  const of = (runtime: string, what: 'end' | 'gone'): number => figure(took.get(runtime)![what]).median;
  for (const [runtime, label] of [
    [ours, 'Wherry'],
    [theirs, 'runc'],
  ] as const) {
    show(`${name}: create to exit, ${label}`, figure(took.get(runtime)!.end), 'ms');
    show(`${name}: create to deleted, ${label}`, figure(took.get(runtime)!.gone), 'ms');
  }
  console.log(`create to exit: Wherry takes 1/${(of(theirs, 'end') / of(ours, 'end')).toFixed(1)} of runc's`);
  console.log(`create to deleted: Wherry takes 1/${(of(theirs, 'gone') / of(ours, 'gone')).toFixed(1)} of runc's`);
  for (const [runtime, label] of [
    [ours, 'Wherry'],
    [theirs, 'runc'],
  ] as const) {
    const from = performance.now();
    await Promise.all(Array.from({ length: 50 }, (_, i) => life(lives, `many-${label}-${i}`, templates[runtime]!)));
    show(`${name}: lives a second, 50 at once, ${label}`, figure([50 / ((performance.now() - from) / 1000)]), '/s');
  }
  await memory(containerd, lives);
  lives.close();
}

async function life(lives: Lives, id: string, template: Template): Promise<{ end: number; gone: number }> {
  await lives.make(id, template);
  const from = performance.now();
  await lives.create(id);
  await lives.start(id);
  const status = await lives.wait(id);
  const end = performance.now() - from;
  await lives.delete(id);
  const gone = performance.now() - from;
  await lives.remove(id);
  if (status !== 0) throw new Error(`${id} ended with ${status}`);
  return { end, gone };
}

/** What a shim costs that has nothing to do, and each container. */
async function memory(containerd: RealContainerd, lives: Lives): Promise<void> {
  await sleep(2000);
  const idle = containerd.shims().map(({ pid }) => sumOf([pid, ...descendantsOf(pid)]));
  show(`containerd ${containerd.version}: an idle shim of ours, with what stands by`, figure(idle), 'MB PSS');
  const wait = await Lives.template(containerd, ours, ['/bin/wait.wasm']);
  const sleeping = await Lives.template(containerd, theirs, ['/bin/busybox', 'sleep', '100']);
  for (const [template, label] of [
    [wait, 'Wherry'],
    [sleeping, 'runc'],
  ] as const) {
    const ids = Array.from({ length: 10 }, (_, i) => `held-${label}-${i}`);
    const before = total(containerd.socket);
    for (const id of ids) {
      await lives.make(id, template);
      await lives.create(id);
      await lives.start(id);
    }
    await sleep(1500);
    const each = (total(containerd.socket) - before) / ids.length;
    show(`containerd ${containerd.version}: each of 10 containers with its shim, ${label}`, figure([each]), 'MB PSS');
    for (const id of ids) {
      await lives.kill(id);
      await lives.wait(id);
      await lives.delete(id);
      await lives.remove(id);
    }
  }
}

/** Of all shims of this containerd and what they started. */
function total(socket: string): number {
  const shims = processesNaming(socket).filter((pid) =>
    /containerd-shim|shim\.js/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')),
  );
  return sumOf(new Set(shims.flatMap((pid) => [pid, ...descendantsOf(pid)])));
}

function sumOf(pids: Iterable<number>): number {
  let sum = 0;
  for (const pid of pids)
    try {
      sum += pss(pid);
    } catch {
      // It has gone.
    }
  return sum;
}
