import { CommandFault } from '../errors.ts';
import { demandOperands, readFlags, type Tool, type ToolContext } from './tool.ts';

const env: Tool = ({ streams, variables, run }, args) => {
  let at = 0;
  if (args[at] === '-i') at++;
  if (args[at] === '-') at++;
  const names: string[] = [];
  const values: [string, string][] = [];
  for (; args[at] !== undefined; at++) {
    const [, name, value] = /^([A-Za-z_]\w*)=([^]*)$/.exec(args[at]!) ?? [];
    if (name === undefined) break;
    names.push(name);
    values.push([name, value!]);
  }
  const restore = variables.keep(names);
  try {
    for (const [name, value] of values) {
      variables.set(name, value);
      variables.mark(name, { exported: true });
    }
    if (args[at] !== undefined) return run(args.slice(at), streams);
    for (const entry of variables.environment()) streams.out.line(entry);
    return 0;
  } finally {
    restore();
  }
};

const printenv: Tool = ({ streams, variables }, args) => {
  const all = variables.environment();
  if (args.length === 0) for (const entry of all) streams.out.line(entry);
  let status = 0;
  for (const name of args) {
    const found = all.find((entry) => entry.startsWith(`${name}=`));
    if (found === undefined) status = 1;
    else streams.out.line(found.slice(name.length + 1));
  }
  return status;
};

const ps: Tool = ({ streams, host }) => {
  streams.out.line('PID   COMMAND');
  for (const [i, command] of host.processes.entries())
    streams.out.line(`${String(i + 1).padStart(5)} ${command.join(' ')}`);
  return 0;
};

function namesIn(context: ToolContext, file: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  try {
    for (const line of context.tree.readText(file, 1 << 20).split('\n')) {
      const [name, , id] = line.split(':');
      if (name !== undefined && id !== undefined) found.set(id, name);
    }
  } catch {
    // An image without it has no names.
  }
  return found;
}

const id: Tool = (context, args) => {
  const flags = readFlags(args, 'ugGn', { user: 'u', group: 'g', groups: 'G', name: 'n' });
  const { uid, gid, groups } = context.host.user;
  const users = namesIn(context, '/etc/passwd');
  const group_names = namesIn(context, '/etc/group');
  const all = [gid, ...groups.filter((each) => each !== gid)];
  const shown = (number: number, of: ReadonlyMap<string, string>): string =>
    flags.has('n') ? (of.get(String(number)) ?? String(number)) : String(number);
  const both = (number: number, of: ReadonlyMap<string, string>): string => {
    const name = of.get(String(number));
    return name === undefined ? String(number) : `${number}(${name})`;
  };
  if (flags.has('u')) context.streams.out.line(shown(uid, users));
  else if (flags.has('g')) context.streams.out.line(shown(gid, group_names));
  else if (flags.has('G')) context.streams.out.line(all.map((each) => shown(each, group_names)).join(' '));
  else {
    const list = all.map((each) => both(each, group_names)).join(',');
    context.streams.out.line(`uid=${both(uid, users)} gid=${both(gid, group_names)} groups=${list}`);
  }
  return 0;
};

const whoami: Tool = (context) => {
  const { uid } = context.host.user;
  context.streams.out.line(namesIn(context, '/etc/passwd').get(String(uid)) ?? (uid === 0 ? 'root' : String(uid)));
  return 0;
};

const hostname: Tool = ({ streams, variables, tree }) => {
  let name = variables.get('HOSTNAME');
  try {
    name = tree.readText('/etc/hostname', 4096).trim() || name;
  } catch {
    // The variable has it, too.
  }
  streams.out.line(name ?? 'localhost');
  return 0;
};

const uname: Tool = (context, args) => {
  const flags = readFlags(args, 'asnrvmpio', { all: 'a' });
  const parts: readonly (readonly [string, string])[] = [
    ['s', 'WASI'],
    ['n', context.variables.get('HOSTNAME') ?? 'localhost'],
    ['r', 'preview1'],
    ['v', 'wherry'],
    ['m', 'wasm32'],
  ];
  const wanted = parts.filter(([letter]) => flags.has('a') || flags.has(letter));
  context.streams.out.line((wanted.length === 0 ? [parts[0]!] : wanted).map(([, text]) => text).join(' '));
  return 0;
};

const date: Tool = ({ streams, host }, args) => {
  const flags = readFlags(args, 'uId:R', { date: 'd', utc: 'u' });
  const asked = flags.value('d');
  const time =
    asked === undefined
      ? new Date(Number(host.now() / 1_000_000n))
      : new Date(/^@\d+$/.test(asked) ? Number(asked.slice(1)) * 1000 : asked);
  if (Number.isNaN(time.getTime())) throw new CommandFault(`invalid date '${asked}'`);
  const format = flags.operands.find((each) => each.startsWith('+'))?.slice(1);
  streams.out.line(formatted(time, format ?? (flags.has('I') ? '%F' : '%a %b %e %H:%M:%S UTC %Y')));
  return 0;
};

const months = 'January February March April May June July August September October November December'.split(' ');
const weekdays = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

function formatted(time: Date, format: string): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const fields: Readonly<Record<string, () => string>> = {
    Y: () => String(time.getUTCFullYear()),
    y: () => two(time.getUTCFullYear() % 100),
    m: () => two(time.getUTCMonth() + 1),
    d: () => two(time.getUTCDate()),
    e: () => String(time.getUTCDate()).padStart(2),
    H: () => two(time.getUTCHours()),
    I: () => two(time.getUTCHours() % 12 || 12),
    p: () => (time.getUTCHours() < 12 ? 'AM' : 'PM'),
    M: () => two(time.getUTCMinutes()),
    S: () => two(time.getUTCSeconds()),
    N: () => String(time.getUTCMilliseconds() * 1_000_000).padStart(9, '0'),
    s: () => String(Math.floor(time.getTime() / 1000)),
    a: () => weekdays[time.getUTCDay()]!.slice(0, 3),
    A: () => weekdays[time.getUTCDay()]!,
    b: () => months[time.getUTCMonth()]!.slice(0, 3),
    B: () => months[time.getUTCMonth()]!,
    Z: () => 'UTC',
    z: () => '+0000',
    j: () =>
      String(Math.floor((time.getTime() - Date.UTC(time.getUTCFullYear(), 0)) / 86_400_000) + 1).padStart(3, '0'),
    u: () => String(time.getUTCDay() || 7),
    w: () => String(time.getUTCDay()),
    F: () => formatted(time, '%Y-%m-%d'),
    T: () => formatted(time, '%H:%M:%S'),
    R: () => formatted(time, '%H:%M'),
    D: () => formatted(time, '%m/%d/%y'),
    n: () => '\n',
    t: () => '\t',
    '%': () => '%',
  };
  return format.replace(/%([a-zA-Z%])/g, (whole, letter: string) => fields[letter]?.() ?? whole);
}

const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3600, d: 86_400 };

const sleep: Tool = ({ host }, args) => {
  const flags = readFlags(args, '');
  demandOperands(flags, 1);
  const seconds = flags.operands.reduce((sum, text) => {
    const [, count, unit = ''] = /^(\d{1,12}(?:\.\d{0,9})?|\.\d{1,9})([smhd]?)$/.exec(text) ?? [];
    if (count === undefined) throw new CommandFault(`invalid number '${text}'`);
    return sum + Number(count) * units[unit]!;
  }, 0);
  host.sleep(BigInt(Math.round(seconds * 1e9)));
  return 0;
};

const seq: Tool = ({ streams, host }, args) => {
  const flags = readFlags(
    args.map((arg) => (/^-\d/.test(arg) ? `+${arg}` : arg)),
    's:w',
    { separator: 's' },
  );
  const numbers = flags.operands.map((text) => Number(text.replace(/^\+-/, '-')));
  if (numbers.length === 0 || numbers.length > 3 || numbers.some((each) => !Number.isFinite(each)))
    throw new CommandFault('usage: seq [FIRST [STEP]] LAST');
  const first = numbers.length > 1 ? numbers[0]! : 1;
  const step = numbers.length > 2 ? numbers[1]! : 1;
  const last = numbers.at(-1)!;
  if (step === 0) throw new CommandFault('the step must not be 0');
  const separator = flags.value('s') ?? '\n';
  let text = '';
  for (let i = 0, value = first; step > 0 ? value <= last : value >= last; i++, value = first + i * step) {
    text += `${i === 0 ? '' : separator}${Number(value.toPrecision(12))}`;
    if (text.length < 65_536) continue;
    host.demandGoOn();
    streams.out.text(text);
    text = '';
  }
  streams.out.text(`${text}\n`);
  return 0;
};

const yes: Tool = ({ streams, host }, args) => {
  const line = `${args.length === 0 ? 'y' : args.join(' ')}\n`;
  const text = line.repeat(Math.max(1, Math.floor(8192 / line.length)));
  for (;;) {
    host.demandGoOn();
    streams.out.text(text);
  }
};

const which: Tool = ({ streams, run }, args) => {
  let status = 0;
  for (const name of args) status = Math.max(status, run(['command', '-v', name], streams));
  return status === 0 ? 0 : 1;
};

const tty: Tool = ({ streams }) => {
  streams.out.line(streams.in.terminal ? '/dev/tty' : 'not a tty');
  return streams.in.terminal ? 0 : 1;
};

const clear: Tool = ({ streams }) => {
  streams.out.text('\u001b[H\u001b[2J\u001b[3J');
  return 0;
};

const expr: Tool = ({ streams, run }, args) => {
  // Numbers and comparisons are the shell's own arithmetic.
  const text = args.map((arg) => (arg === '=' ? '==' : arg)).join(' ');
  if (!/^[\d\s+*/%()<>=!&|-]+$/.test(text)) throw new CommandFault('only numbers are there', 2);
  return run(['eval', `echo $((${text}))`], streams);
};

const sync: Tool = () => 0;

export const system_tools: Readonly<Record<string, Tool>> = {
  env,
  printenv,
  ps,
  id,
  whoami,
  hostname,
  uname,
  date,
  sleep,
  seq,
  yes,
  which,
  tty,
  clear,
  expr,
  sync,
};
