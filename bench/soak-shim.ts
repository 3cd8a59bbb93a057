/**
 * Our shim under a containerd as it is: many containers, a hundred at once, created, started, exec'd into, killed and
 * deleted, while containerd is killed and started again. None may be lost, and nothing may be left.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { Lives, type Template } from '../e2e/containerd-shim/lives.ts';
import { RealContainerd, runtime } from '../e2e/containerd-shim/real-containerd.ts';
import { CallError } from '../e2e/ctr/client.ts';
import { versions } from '../e2e/ctr/peer.ts';
import { processesNaming } from '../e2e/processes.ts';
import { seeded } from '../e2e/random.ts';
import { shared_shim_idle_ms } from '../src/limits/index.ts';
import { sleep } from './engine.ts';
import { figure, show } from './figures.ts';

const at_once = 100;
const kills = 3;

export async function soakShim(count: number, seed: number): Promise<void> {
  for (const version of versions) {
    const containerd = await RealContainerd.start(version);
    if (containerd === null) {
      console.log(`containerd ${version}: not here, or not for this user`);
      continue;
    }
    try {
      await new Soak(containerd, seeded(seed)).run(count);
    } finally {
      await containerd.stop();
    }
  }
}

class Soak {
  readonly #containerd: RealContainerd;
  readonly #random: () => number;
  #lives: Lives;
  /** How often containerd was killed. */
  #generation = 0;
  #back: Promise<void> = Promise.resolve();
  #execs = 0;
  #repeated = 0;
  readonly #lost: string[] = [];

  constructor(containerd: RealContainerd, random: () => number) {
    this.#containerd = containerd;
    this.#random = random;
    this.#lives = new Lives(containerd);
  }

  async run(count: number): Promise<void> {
    const { version } = this.#containerd;
    const wait = await Lives.template(this.#containerd, runtime, ['/bin/wait.wasm']);
    const hello = await Lives.template(this.#containerd, runtime, ['/bin/hello.wasm']);
    const kill_at = Array.from({ length: kills }, (_, i) =>
      Math.floor((count * (i + 0.3 + 0.6 * this.#random())) / kills),
    );
    const from = performance.now();
    let next = 0;
    let done = 0;
    const took: number[] = [];
    await Promise.all(
      Array.from({ length: Math.min(at_once, count) }, async () => {
        for (let i = next++; i < count; i = next++) {
          const began = performance.now();
          // Drawn in the order of the containers, whoever makes them.
          const chance = this.#random();
          await this.#life(`s-${i}`, chance < 0.25 ? hello : wait, chance < 0.25 ? 'ends' : 'is killed', chance > 0.6);
          took.push(performance.now() - began);
          if (kill_at.includes(++done)) await this.#kill();
        }
      }),
    );
    const seconds = (performance.now() - from) / 1000;
    show(`containerd ${version}: one life of ${at_once} at once`, figure(took), 'ms');
    console.log(
      `containerd ${version}: ${count} containers and ${this.#execs} processes beside them in ${seconds.toFixed(0)} s ` +
        `(${(count / seconds).toFixed(1)} a second), containerd killed ${this.#generation} times, ` +
        `${this.#repeated} calls made again, ${this.#lost.length} lost`,
    );
    for (const each of this.#lost) console.log(`lost: ${each}`);
    if (this.#lost.length > 0) throw new Error(`${this.#lost.length} containers were lost`);
    await this.#nothingLeft();
  }

  async #life(id: string, template: Template, how: 'ends' | 'is killed', exec: boolean): Promise<void> {
    await this.#step(() => this.#lives.makeContainer(id, template), /^ALREADY_EXISTS/);
    await this.#step(() => this.#lives.makeSnapshot(id, template), /^ALREADY_EXISTS/);
    await this.#step(() => this.#lives.create(id), /^ALREADY_EXISTS/);
    // From here on it is there, whatever becomes of containerd.
    if (!(await this.#kept(id, 'start', () => this.#lives.start(id), /cannot start a \w+ process/))) return;
    if (how === 'is killed') {
      if (exec) await this.#exec(id);
      if (!(await this.#kept(id, 'kill', () => this.#lives.kill(id), /process already finished/))) return;
    }
    let status = -1;
    if (!(await this.#kept(id, 'wait', async () => void (status = await this.#lives.wait(id)), /^$/))) return;
    const wanted = how === 'ends' ? 0 : 137;
    if (status !== wanted) this.#lost.push(`${id}: it ended with ${status}, not ${wanted}`);
    await this.#step(() => this.#lives.delete(id), /^NOT_FOUND/);
    await this.#step(() => this.#lives.removeSnapshot(id), /^NOT_FOUND/);
    await this.#step(() => this.#lives.removeContainer(id), /^NOT_FOUND/);
  }

  /** A containerd that is killed forgets what it was executing; the container has to stay. */
  async #exec(id: string): Promise<void> {
    const generation = this.#generation;
    try {
      const status = await this.#lives.exec(id, 'beside', ['/bin/hello.wasm']);
      if (status !== 0) this.#lost.push(`${id}: what ran beside it ended with ${status}`);
      this.#execs++;
    } catch (error) {
      if (generation === this.#generation) throw error;
      await this.#back;
    }
  }

  /** As `#step`, for a container that must be there: one that is not was lost. */
  async #kept(id: string, what: string, act: () => Promise<unknown>, done_before: RegExp): Promise<boolean> {
    try {
      await this.#step(act, done_before);
      return true;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.#lost.push(`${id}: ${what}: ${error.code} ${error.message}`);
      return false;
    }
  }

  /** Does something again that a kill of containerd interrupted; then `done_before` says that it had been done. */
  async #step(act: () => Promise<unknown>, done_before: RegExp): Promise<void> {
    for (let again = false; ; again = true) {
      await this.#back;
      const generation = this.#generation;
      try {
        await act();
        return;
      } catch (error) {
        if (!(error instanceof CallError)) throw error;
        if (again && done_before.test(`${error.code} ${error.message}`)) return;
        if (generation === this.#generation) throw error;
        this.#repeated++;
      }
    }
  }

  async #kill(): Promise<void> {
    this.#generation++;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#back = promise;
    await this.#containerd.kill();
    this.#lives.close();
    await this.#containerd.run();
    this.#lives = new Lives(this.#containerd);
    resolve();
  }

  async #nothingLeft(): Promise<void> {
    const { version, folder } = this.#containerd;
    const left = [
      ...(await this.#lives.tasks()).map((id) => `task ${id}`),
      ...(await this.#lives.containers()).map((id) => `container ${id}`),
      ...(await this.#containerd.cleared()),
    ];
    const shims = this.#containerd.shims().length;
    const give_up_at = Date.now() + shared_shim_idle_ms + 15_000;
    while (this.#containerd.shims().length > 0 && Date.now() < give_up_at) await sleep(250);
    const state = join(folder, 'w/containerd');
    left.push(
      ...this.#containerd.shims().map(({ pid }) => `shim ${pid}`),
      ...processesNaming(`${folder}/w`).map((pid) => `process ${pid}`),
      ...processesNaming('containerd-shim-wherry-v1\0hold').map((pid) => `holder ${pid}`),
      ...(existsSync(state) ? readdirSync(state, { recursive: true }) : []).map((name) => `file ${String(name)}`),
      ...(await this.#containerd.cleared()),
    );
    console.log(`containerd ${version}: the last ${shims} shims have left; ${left.length} things are left`);
    for (const each of left) console.log(`left: ${each}`);
    this.#lives.close();
    if (left.length > 0) throw new Error(`${left.length} things are left`);
  }
}
