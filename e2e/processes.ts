/** Processes of a daemon as the kernel sees them: what no record says and nobody can forget. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface Bootstrap {
  readonly id: string;
  readonly namespace: string;
  readonly pid: number;
  readonly start_time: string;
  readonly address: string;
}

/** The shims whose folders lie in `folder` and whose processes run. */
export function readShims(folder: string): Bootstrap[] {
  return list(folder).flatMap((id) => {
    const text = read(join(folder, id, 'bootstrap.json'));
    if (text === null) return [];
    const shim = JSON.parse(text) as Bootstrap;
    return startTime(shim.pid) === shim.start_time ? [shim] : [];
  });
}

function childrenOf(pid: number): number[] {
  return list(`/proc/${pid}/task`).flatMap((thread) =>
    (read(`/proc/${pid}/task/${thread}/children`) ?? '').trim().split(' ').filter(Boolean).map(Number),
  );
}

/** Children; what stands inside bubblewrap counts as started by whoever started bubblewrap. */
export function programsBelow(pid: number): number[] {
  return childrenOf(pid).flatMap((child) =>
    read(`/proc/${child}/comm`)?.trim() === 'bwrap' ? programsBelow(child) : [child],
  );
}

/** Children, their children and so on. */
export function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

/** Processes that have `text` in their command line, without this one and those it descends from. */
export function processesNaming(text: string): number[] {
  const not = new Set([process.pid]);
  for (let pid = process.pid; pid > 1;) {
    pid = Number(/^PPid:\s*(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? 0);
    not.add(pid);
  }
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => !not.has(pid) && (read(`/proc/${pid}/cmdline`) ?? '').includes(text));
}

/** Whether a process runs; one that ended and was not yet reaped does not. */
export function isAlive(pid: number): boolean {
  const state = stat(pid)?.[0];
  return state !== undefined && state !== 'Z' && state !== 'X';
}

export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has gone.
  }
}

export function openDescriptors(pid: number): number {
  return list(`/proc/${pid}/fd`).length;
}

/** Where a process listens for TCP connections, as `ADDRESS:PORT`; of IPv6 the address is the kernel's hex digits. */
export function listeningAddresses(pid: number): string[] {
  // A folder that cannot be read is an error: it would hide all that there is.
  const sockets = readdirSync(`/proc/${pid}/fd`).map((fd) => link(`/proc/${pid}/fd/${fd}`));
  return ['tcp', 'tcp6'].flatMap((table) =>
    (read(`/proc/${pid}/net/${table}`) ?? '')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((field) => field[3] === tcp_listen && sockets.includes(`socket:[${field[9]}]`))
      .map((field) => readable(field[1]!)),
  );
}

/** Where processes of this user listen for TCP connections on this host, whoever can look into them. */
export function listeningOfUser(): string[] {
  const uid = String(process.getuid!());
  return ['tcp', 'tcp6'].flatMap((table) =>
    (read(`/proc/self/net/${table}`) ?? '')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((field) => field[3] === tcp_listen && field[7] === uid)
      .map((field) => readable(field[1]!)),
  );
}

const tcp_listen = '0A';

function readable(local: string): string {
  const [address = '', port = ''] = local.split(':');
  const shown = address.length === 8 ? Buffer.from(address, 'hex').reverse().join('.') : address;
  return `${shown}:${Number.parseInt(port, 16)}`;
}

/** Proportional set size in MB. */
export function memory_mb(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`) ?? '')?.[1] ?? NaN) / 1024;
}

/** What a process has of its own in memory, whoever shares it, in KiB. */
export function anonymousMemory_kib(pid: number): number {
  return Number(/^RssAnon:\s+(\d+)/m.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? NaN);
}

/** Tries every 20 ms until `holds` gives true; an error that it throws is thrown. */
export async function waitUntil(what: string, ms_max: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + ms_max;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${ms_max} ms in vain: ${what}`);
    await sleep(20);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function startTime(pid: number): string | undefined {
  return stat(pid)?.[19];
}

/** Fields of `/proc/PID/stat` behind the name, which may hold anything. */
function stat(pid: number): string[] | null {
  const text = read(`/proc/${pid}/stat`);
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
