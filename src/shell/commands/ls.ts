import { filetype, type Filetype, type Stat } from '../../wasi/index.ts';
import { humanSize } from './files.ts';
import { countIn, eachPath, joinPath, readFlags, type Flags, type Tool, type ToolContext } from './tool.ts';

interface Entry {
  readonly name: string;
  readonly path: string;
  readonly stat: Stat | null;
  readonly type: Filetype;
}

export const ls: Tool = (context, args) => {
  const flags = readFlags(args, 'laA1FhdRtSrinp', { all: 'a', 'human-readable': 'h', recursive: 'R' });
  const { tree, streams } = context;
  const operands = flags.operands.length === 0 ? ['.'] : flags.operands;
  const files: Entry[] = [];
  const folders: string[] = [];
  const status = eachPath(context, operands, (path) => {
    const stat = flags.has('l') ? tree.lstat(path) : tree.stat(path);
    const is_folder =
      stat.type === filetype.directory || (!flags.has('d') && !flags.has('l') && tree.isDirectory(path));
    if (is_folder && !flags.has('d')) folders.push(path);
    else files.push({ name: path, path, stat, type: stat.type });
  });
  print(context, flags, files);
  let first = files.length === 0;
  const show = (path: string, titled: boolean): number => {
    if (titled) streams.out.line(`${first ? '' : '\n'}${path}:`);
    first = false;
    return eachPath(context, [path], () => {
      const entries = entriesOf(context, flags, path);
      print(context, flags, entries);
      if (!flags.has('R')) return;
      for (const { name, path: inner, type } of entries)
        if (type === filetype.directory && name !== '.' && name !== '..') show(inner, true);
    });
  };
  let worst = status;
  for (const path of folders) worst = Math.max(worst, show(path, operands.length > 1 || flags.has('R')));
  return worst;
};

function entriesOf({ tree, host }: ToolContext, flags: Flags, folder: string): readonly Entry[] {
  host.demandGoOn();
  const wants_stat = ['l', 't', 'S', 'i'].some((flag) => flags.has(flag));
  const named = tree
    .list(folder)
    .filter(({ name }) => flags.has('a') || flags.has('A') || !name.startsWith('.'))
    .map(({ name, type }) => ({ name, type }));
  const dots = flags.has('a') ? ['.', '..'].map((name) => ({ name, type: filetype.directory })) : [];
  return [...dots, ...named].map(({ name, type }) => {
    const path = joinPath(folder, name);
    return { name, path, type, stat: wants_stat ? tree.find(path, false) : null };
  });
}

function print({ streams, tree }: ToolContext, flags: Flags, given: readonly Entry[]): void {
  const entries = [...given];
  if (flags.has('t')) entries.sort((a, b) => Number((b.stat?.mtim ?? 0n) - (a.stat?.mtim ?? 0n)));
  if (flags.has('S')) entries.sort((a, b) => Number((b.stat?.size ?? 0n) - (a.stat?.size ?? 0n)));
  if (flags.has('r')) entries.reverse();
  const sizes = entries.map(({ stat }) => {
    const bytes = Number(stat?.size ?? 0n);
    return flags.has('h') ? humanSize(bytes) : String(bytes);
  });
  const width = Math.max(1, ...sizes.map(({ length }) => length));
  for (const [i, { name, path, stat, type }] of entries.entries()) {
    const mark = flags.has('F') || (flags.has('p') && type === filetype.directory) ? (marks[type] ?? '') : '';
    const number = flags.has('i') ? `${stat?.ino ?? 0n} ` : '';
    if (!flags.has('l')) {
      streams.out.line(`${number}${name}${mark}`);
      continue;
    }
    const target = type === filetype.symbolic_link ? ` -> ${tree.readlink(path)}` : '';
    const time = new Date(Number((stat?.mtim ?? 0n) / 1_000_000n)).toISOString().slice(0, 16).replace('T', ' ');
    const kind = letters[stat?.type ?? type] ?? '?';
    const links = String(stat?.nlink ?? 1n).padStart(3);
    streams.out.line(`${number}${kind} ${links} ${sizes[i]!.padStart(width)} ${time} ${name}${mark}${target}`);
  }
}

const letters: Readonly<Record<number, string>> = {
  [filetype.regular_file]: '-',
  [filetype.directory]: 'd',
  [filetype.symbolic_link]: 'l',
  [filetype.character_device]: 'c',
  [filetype.block_device]: 'b',
  [filetype.socket_stream]: 's',
};

const marks: Readonly<Record<number, string>> = { [filetype.directory]: '/', [filetype.symbolic_link]: '@' };

const type_names: Readonly<Record<number, string>> = {
  [filetype.regular_file]: 'regular file',
  [filetype.directory]: 'directory',
  [filetype.symbolic_link]: 'symbolic link',
  [filetype.character_device]: 'character special file',
};

export const stat: Tool = (context, args) => {
  const flags = readFlags(args, 'Lc:', { format: 'c', dereference: 'L' });
  return eachPath(context, flags.operands, (path) => {
    const found = flags.has('L') ? context.tree.stat(path) : context.tree.lstat(path);
    const time = (ns: bigint): string => new Date(Number(ns / 1_000_000n)).toISOString();
    const format = flags.value('c');
    if (format !== undefined) {
      const values: Readonly<Record<string, string>> = {
        n: path,
        s: String(found.size),
        i: String(found.ino),
        h: String(found.nlink),
        F: type_names[found.type] ?? 'unknown',
        Y: String(found.mtim / 1_000_000_000n),
        X: String(found.atim / 1_000_000_000n),
        Z: String(found.ctim / 1_000_000_000n),
        y: time(found.mtim),
      };
      context.streams.out.line(format.replace(/%([a-zA-Z])/g, (whole, letter: string) => values[letter] ?? whole));
      return;
    }
    context.streams.out.text(
      `  File: ${path}\n  Size: ${found.size}\t${type_names[found.type] ?? 'unknown'}\n` +
        `Inode: ${found.ino}\tLinks: ${found.nlink}\n` +
        `Access: ${time(found.atim)}\nModify: ${time(found.mtim)}\nChange: ${time(found.ctim)}\n`,
    );
  });
};

export const truncate: Tool = (context, args) => {
  const flags = readFlags(args, 's:c', { size: 's' });
  const size = countIn(flags.value('s') ?? '0');
  return eachPath(context, flags.operands, (path) => {
    const file = context.tree.openToWrite(path, true);
    file.setSize(BigInt(size));
    file.close();
  });
};
