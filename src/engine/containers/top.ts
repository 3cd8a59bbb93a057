import { readFileSync } from 'node:fs';

import { WherryError } from '../../errors/index.ts';
import { bootTime } from './boot-time.ts';
import type { Container } from './container.ts';
import type { ContainersContext } from './context.ts';

export interface ProcessTable {
  readonly titles: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What is known of one process of a guest. */
interface Facts {
  readonly pid: number;
  readonly parent: number;
  readonly user: string;
  readonly started: Date;
  readonly cpu_ms: number;
  readonly memory_bytes: number;
  readonly memory_share: number;
  readonly terminal: boolean;
  readonly state: string;
  readonly args: readonly string[];
}

/** Columns of ps(1) by their names for `-o`: the title, and what stands in it. */
const columns: Readonly<Record<string, { readonly title: string; text(facts: Facts): string }>> = {
  pid: { title: 'PID', text: ({ pid }) => String(pid) },
  ppid: { title: 'PPID', text: ({ parent }) => String(parent) },
  user: { title: 'USER', text: ({ user }) => user },
  uid: { title: 'UID', text: ({ user }) => user },
  comm: { title: 'COMMAND', text: ({ args }) => (args[0] ?? '').split('/').at(-1) ?? '' },
  cmd: { title: 'CMD', text: ({ args }) => args.join(' ') },
  args: { title: 'COMMAND', text: ({ args }) => args.join(' ') },
  command: { title: 'COMMAND', text: ({ args }) => args.join(' ') },
  c: { title: 'C', text: () => '0' },
  pcpu: { title: '%CPU', text: (facts) => share(facts) },
  '%cpu': { title: '%CPU', text: (facts) => share(facts) },
  pmem: { title: '%MEM', text: ({ memory_share }) => (memory_share * 100).toFixed(1) },
  '%mem': { title: '%MEM', text: ({ memory_share }) => (memory_share * 100).toFixed(1) },
  rss: { title: 'RSS', text: ({ memory_bytes }) => String(Math.round(memory_bytes / 1024)) },
  stime: { title: 'STIME', text: ({ started }) => clock(started) },
  start: { title: 'START', text: ({ started }) => clock(started) },
  tty: { title: 'TTY', text: ({ terminal }) => (terminal ? 'pts/0' : '?') },
  tt: { title: 'TT', text: ({ terminal }) => (terminal ? 'pts/0' : '?') },
  time: { title: 'TIME', text: ({ cpu_ms }) => duration(cpu_ms) },
  etime: { title: 'ELAPSED', text: ({ started }) => duration(Date.now() - started.getTime()) },
  stat: { title: 'STAT', text: ({ state }) => state },
  s: { title: 'S', text: ({ state }) => state },
};

const full = ['uid', 'pid', 'ppid', 'c', 'stime', 'tty', 'time', 'cmd'];
const user_oriented = ['user', 'pid', '%cpu', '%mem', 'rss', 'tty', 'stat', 'start', 'time', 'command'];

/**
 * The processes of a container, a row each, with the guest's arguments. `ps_args` are those of ps(1): `-ef`, `aux`, or
 * a list of columns after `-o`. `commandOf` knows what runs beside the container's own program.
 *
 * @throws WherryError Conflict when it does not run, InvalidArgument for columns there are not
 */
export async function listProcesses(
  { space }: Pick<ContainersContext, 'space'>,
  container: Container,
  ps_args: string,
  commandOf: (pid: number) => readonly string[] | null = () => null,
): Promise<ProcessTable> {
  if (container.status === 'restarting') {
    throw new WherryError('Conflict', `Container ${container.id} is restarting, wait until the container is running`);
  }
  if (container.process !== 'running') {
    throw new WherryError('Conflict', `container ${container.id} is not running`);
  }
  const wanted = columnsOf(ps_args).map((name) => {
    const column = columns[name.toLowerCase()];
    if (column === undefined) throw new WherryError('Unknown', `ps: unknown user-defined format specifier "${name}"`);
    return column;
  });
  if (!wanted.includes(columns['pid']!)) throw new WherryError('Unknown', "Couldn't find PID field in ps output");
  const pids = await space.tasks.pids(container.id);
  const facts = pids.map(({ pid }) => factsOf(pid, container, commandOf(pid) ?? container.record.args));
  return { titles: wanted.map(({ title }) => title), rows: facts.map((each) => wanted.map(({ text }) => text(each))) };
}

function columnsOf(ps_args: string): readonly string[] {
  const words = ps_args.trim().split(/\s+/);
  const lists: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const [, after] = /^-[A-Za-z]*o(.*)$/.exec(words[i]!) ?? [];
    if (after !== undefined) lists.push(after === '' ? (words[++i] ?? '') : after);
  }
  if (lists.length > 0) {
    const names = lists.flatMap((list) => list.split(',')).filter((name) => name !== '');
    const renamed = names.find((name) => name.includes('='));
    if (renamed !== undefined) throw new WherryError('InvalidArgument', `specifying "${renamed}" is not allowed`);
    return names;
  }
  return /(^|\s)-?[A-Za-z]*u[A-Za-z]*/.test(ps_args) ? user_oriented : full;
}

/** What the kernel says of the process that holds a guest; nothing of it when it is just going. proc(5). */
function factsOf(pid: number, { record, state }: Container, args: readonly string[]): Facts {
  const { config } = record;
  const common = {
    pid,
    user: config.User === '' ? 'root' : config.User.split(':')[0]!,
    started: new Date(state.started_at),
    terminal: config.Tty,
    args,
    ...(record.runtime === undefined ? {} : ownFacts(pid)),
  };
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const memory_bytes = Number(fields[21]) * 4096;
    const total = Number(/^MemTotal:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1] ?? 0) * 1024;
    return {
      ...common,
      parent: Number(fields[1]),
      cpu_ms: (Number(fields[11]) + Number(fields[12])) * 10,
      memory_bytes,
      memory_share: total === 0 ? 0 : memory_bytes / total,
      state: fields[0] ?? 'S',
    };
  } catch {
    return { ...common, parent: 0, cpu_ms: 0, memory_bytes: 0, memory_share: 0, state: 'S' };
  }
}

/** What a process of a Linux container is by itself; nothing when it is just going. */
function ownFacts(pid: number): Partial<Pick<Facts, 'user' | 'args' | 'started' | 'terminal'>> {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const uid = /^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? '0';
    const name = /^Name:\s+(.*)$/m.exec(status)?.[1] ?? '';
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      user: userName(uid),
      args: words.length > 1 ? words.slice(0, -1) : [`[${name}]`],
      started: new Date(bootTime() + Number(fields[19]) * 10),
      terminal: fields[4] !== '0',
    };
  } catch {
    return {};
  }
}

/** As the host calls it: what ps(1) would print there. */
function userName(uid: string): string {
  try {
    const line = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((each) => each.split(':')[2] === uid);
    return line?.split(':')[0] ?? uid;
  } catch {
    return uid;
  }
}

function share({ cpu_ms, started }: Facts): string {
  const lived_ms = Date.now() - started.getTime();
  return (lived_ms <= 0 ? 0 : (cpu_ms / lived_ms) * 100).toFixed(1);
}

function clock(time: Date): string {
  return time.toTimeString().slice(0, 5);
}

function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
