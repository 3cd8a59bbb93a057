/** What lies outside of a container and shows that somebody was at it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';

import { temporaryFolder } from '../folder.ts';
import { isAlive } from '../processes.ts';

/** What can have happened, in the words of the table. */
export const harms = [
  'read a file of the host',
  'changed a file of the host',
  'changed a layer',
  'reached a socket of the host',
  'signalled or traced a process of the host',
  'ran a program on the host',
  'reached another container',
  'ended or confused its shim',
  'lived on without its shim',
] as const;

export type Harm = (typeof harms)[number];

/** Canaries for one attack. */
export class Canaries {
  readonly folder: string = temporaryFolder('canary-');
  readonly secret: string = randomBytes(16).toString('hex');
  readonly secret_file: string = join(this.folder, 'secret');
  readonly open_folder: string = join(this.folder, 'open');
  readonly open_file: string = join(this.folder, 'open/file');
  readonly unix_path: string = join(this.folder, 'socket');
  readonly abstract_name: string = `wherry-canary-${randomBytes(8).toString('hex')}`;
  tcp_port = 0;
  udp_port = 0;
  readonly #victim: ChildProcess = spawn('sleep', ['600'], { stdio: 'ignore' });
  readonly #close: (() => void)[] = [];
  #reached = false;
  #files = '';

  get victim_pid(): number {
    return this.#victim.pid!;
  }

  async set(): Promise<void> {
    chmodSync(this.folder, 0o755);
    writeFileSync(this.secret_file, this.secret, { mode: 0o644 });
    mkdirSync(this.open_folder);
    writeFileSync(this.open_file, 'as it was');
    chmodSync(this.open_folder, 0o777);
    chmodSync(this.open_file, 0o666);
    const tcp = await this.#listen({ port: 0, host: '127.0.0.1' });
    this.tcp_port = (tcp.address() as AddressInfo).port;
    await this.#listen({ path: this.unix_path });
    chmodSync(this.unix_path, 0o777);
    await this.#listen({ path: `\0${this.abstract_name}` });
    const udp = createSocket('udp4', () => (this.#reached = true));
    udp.bind(0, '127.0.0.1');
    await once(udp, 'listening');
    this.udp_port = udp.address().port;
    this.#close.push(() => udp.close());
    this.#files = this.#stateOfFiles();
  }

  async #listen(where: { port: number; host: string } | { path: string }): Promise<Server> {
    const server = createServer((socket) => {
      this.#reached = true;
      socket.destroy();
    });
    server.listen(where);
    await once(server, 'listening');
    this.#close.push(() => server.close());
    return server;
  }

  /** All of the open folder, the file in it with its mode and times. */
  #stateOfFiles(): string {
    const stat = statSync(this.open_file, { throwIfNoEntry: false });
    const names = readdirSync(this.open_folder).filter((name) => !name.startsWith('ran'));
    const file =
      stat === undefined ? 'gone' : [stat.mode, stat.uid, stat.mtimeMs, readFileSync(this.open_file, 'utf8')];
    return JSON.stringify([names, file]);
  }

  /** What happened to those that are the same for every attack; `read` is what came to light. */
  harms(read: string): Harm[] {
    const found: Harm[] = [];
    if (read.includes(this.secret)) found.push('read a file of the host');
    if (this.#stateOfFiles() !== this.#files) found.push('changed a file of the host');
    if (this.#reached) found.push('reached a socket of the host');
    if (!isAlive(this.victim_pid) || tracerOf(this.victim_pid) !== 0)
      found.push('signalled or traced a process of the host');
    if (readdirSync(this.open_folder).some((name) => name.startsWith('ran'))) found.push('ran a program on the host');
    return found;
  }

  close(): void {
    this.#victim.kill('SIGKILL');
    for (const close of this.#close) close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function tracerOf(pid: number): number {
  return Number(/^TracerPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}

/** Content, mode, owner and time of every file below `folder`, as one text. */
export function fingerprint(folder: string): string {
  const hash = createHash('sha256');
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }).toSorted((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
  )) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile()) continue;
    const { mode, uid, mtimeMs } = statSync(path);
    hash.update(`${path} ${mode} ${uid} ${mtimeMs}\n`).update(readFileSync(path));
  }
  return hash.digest('hex');
}

/** The number of a process as those see it who stand deepest inside. */
export function innerPid(pid: number): number {
  return Number(/^NSpid:.*\s(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]);
}
