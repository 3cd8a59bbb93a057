import { filetype } from '../../wasi/index.ts';
import { CommandFault } from '../errors.ts';
import { baseName, demandOperands, eachPath, joinPath, readFlags, type Tool, type ToolContext } from './tool.ts';

const copied_bytes_max = 1024 * 1024 * 1024;

const mkdir: Tool = (context, args) => {
  const flags = readFlags(args, 'pvm:', { parents: 'p', mode: 'm' });
  demandOperands(flags, 1);
  const { tree } = context;
  return eachPath(context, flags.operands, (path) => {
    if (!flags.has('p')) {
      tree.makeDirectory(path);
      return;
    }
    const whole = tree.absolute(path).split('/').slice(1);
    for (let i = 1; i <= whole.length; i++) {
      const each = `/${whole.slice(0, i).join('/')}`;
      if (!tree.isDirectory(each)) tree.makeDirectory(each);
    }
  });
};

const rmdir: Tool = (context, args) => {
  const flags = readFlags(args, 'p');
  demandOperands(flags, 1);
  return eachPath(context, flags.operands, (path) => context.tree.removeDirectory(path));
};

const rm: Tool = (context, args) => {
  const flags = readFlags(args, 'rRfiv', { recursive: 'r', force: 'f' });
  if (flags.operands.length === 0 && flags.has('f')) return 0;
  demandOperands(flags, 1);
  const recursive = flags.has('r') || flags.has('R');
  return eachPath(context, flags.operands, (path) => {
    const found = context.tree.find(path, false);
    if (found === null && flags.has('f')) return;
    if (/(?:^|\/)\.{1,2}\/*$/.test(path)) throw new CommandFault("can't remove '.' or '..'");
    if (found?.type === filetype.directory && !recursive) throw new CommandFault('Is a directory');
    removeAll(context, path);
  });
};

function removeAll(context: ToolContext, path: string): void {
  const { tree, host } = context;
  host.demandGoOn();
  if (tree.lstat(path).type !== filetype.directory) {
    tree.unlink(path);
    return;
  }
  for (const { name } of tree.list(path)) removeAll(context, joinPath(path, name));
  tree.removeDirectory(path);
}

const cp: Tool = (context, args) => {
  const flags = readFlags(args, 'rRafpdvT', { recursive: 'r', archive: 'a' });
  const recursive = ['r', 'R', 'a'].some((flag) => flags.has(flag));
  return intoTarget(context, flags.operands, (from, to) => copy(context, from, to, recursive));
};

function copy(context: ToolContext, from: string, to: string, recursive: boolean): void {
  const { tree, host } = context;
  host.demandGoOn();
  const { type } = recursive ? tree.lstat(from) : tree.stat(from);
  if (type === filetype.directory) {
    if (!recursive) throw new CommandFault('omitting directory');
    if (`${tree.absolute(to)}/`.startsWith(`${tree.absolute(from)}/`)) throw new CommandFault("can't copy into itself");
    if (!tree.isDirectory(to)) tree.makeDirectory(to);
    for (const { name } of tree.list(from)) copy(context, joinPath(from, name), joinPath(to, name), true);
  } else if (type === filetype.symbolic_link) tree.symlink(tree.readlink(from), to);
  else {
    const source = tree.openToRead(from);
    try {
      const target = tree.openToWrite(to, false);
      try {
        const buffer = new Uint8Array(256 * 1024);
        let size = 0;
        for (;;) {
          const bytes = source.read([buffer]) as number;
          if (bytes === 0) break;
          size += bytes;
          if (size > copied_bytes_max) throw new CommandFault('File too large');
          for (let at = 0; at < bytes;) at += target.write([buffer.subarray(at, bytes)]) as number;
        }
      } finally {
        target.close();
      }
    } finally {
      source.close();
    }
  }
}

const mv: Tool = (context, args) => {
  const flags = readFlags(args, 'fivnT');
  return intoTarget(context, flags.operands, (from, to) => {
    try {
      context.tree.rename(from, to);
    } catch (error) {
      if ((error as { name?: unknown }).name !== 'XDEV') throw error;
      copy(context, from, to, true);
      removeAll(context, from);
    }
  });
};

const ln: Tool = (context, args) => {
  const flags = readFlags(args, 'sfnvT', { symbolic: 's', force: 'f' });
  const { tree } = context;
  const operands = flags.operands.length === 1 ? [...flags.operands, '.'] : flags.operands;
  return intoTarget(context, operands, (from, to) => {
    if (flags.has('f') && tree.find(to, false) !== null) tree.unlink(to);
    if (flags.has('s')) tree.symlink(from, to);
    else tree.link(from, to);
  });
};

/** The last operand is the target: a folder, or the new name of the one before it. */
function intoTarget(
  context: ToolContext,
  operands: readonly string[],
  act: (from: string, to: string) => void,
): number {
  const target = operands.at(-1);
  const sources = operands.slice(0, -1);
  if (target === undefined || sources.length === 0) throw new CommandFault('an operand is missing');
  const into = context.tree.isDirectory(target);
  if (sources.length > 1 && !into) throw new CommandFault(`${target}: Not a directory`);
  return eachPath(context, sources, (from) => act(from, into ? joinPath(target, baseName(from)) : target));
}

const touch: Tool = (context, args) => {
  const flags = readFlags(args, 'camd:t:r:', {});
  demandOperands(flags, 1);
  const { tree } = context;
  return eachPath(context, flags.operands, (path) => {
    if (tree.find(path) === null) {
      if (!flags.has('c')) tree.openToWrite(path, true).close();
    } else tree.setTimes(path, { atim: 'now', mtim: 'now' });
  });
};

const readlink: Tool = (context, args) => {
  const flags = readFlags(args, 'fnem');
  demandOperands(flags, 1);
  if (flags.has('f')) return realpath(context, flags.operands);
  const [path] = flags.operands;
  if (context.tree.find(path!, false)?.type !== filetype.symbolic_link) return 1;
  context.streams.out.text(`${context.tree.readlink(path!)}${flags.has('n') ? '' : '\n'}`);
  return 0;
};

const realpath: Tool = (context, args) =>
  eachPath(context, args, (path) => {
    const { tree } = context;
    let at = tree.absolute(path);
    // Each link on the way, one after the other.
    for (let links = 0; ; links++) {
      if (links > 40) throw new CommandFault('Too many levels of symbolic links');
      const names = at.split('/').slice(1);
      const end = names.findIndex(
        (_, i) => tree.find(`/${names.slice(0, i + 1).join('/')}`, false)?.type === filetype.symbolic_link,
      );
      if (end < 0) break;
      const link = `/${names.slice(0, end + 1).join('/')}`;
      const target = tree.readlink(link);
      const folder = `/${names.slice(0, end).join('/')}`;
      at = tree.absolute(
        [target.startsWith('/') ? target : joinPath(folder, target), ...names.slice(end + 1)].join('/'),
      );
    }
    tree.stat(at);
    context.streams.out.line(at);
  });

const basename: Tool = ({ streams }, args) => {
  const [path, suffix = ''] = args;
  if (path === undefined) throw new CommandFault('an operand is missing');
  const name = baseName(path);
  streams.out.line(suffix !== '' && name.endsWith(suffix) && name !== suffix ? name.slice(0, -suffix.length) : name);
  return 0;
};

const dirname: Tool = ({ streams }, args) => {
  if (args.length === 0) throw new CommandFault('an operand is missing');
  for (const path of args) {
    const trimmed = path.replace(/(?!^)\/+$/, '');
    const end = trimmed.lastIndexOf('/');
    streams.out.line(end < 0 ? '.' : end === 0 ? '/' : trimmed.slice(0, end).replace(/(?!^)\/+$/, ''));
  }
  return 0;
};

const du: Tool = (context, args) => {
  const flags = readFlags(args, 'shkma', { summarize: 's', 'human-readable': 'h' });
  const { tree, streams, host } = context;
  const print = (bytes: number, path: string): void =>
    streams.out.line(`${flags.has('h') ? humanSize(bytes) : Math.ceil(bytes / 1024)}\t${path}`);
  const sizeOf = (path: string, top: boolean): number => {
    host.demandGoOn();
    const { type, size } = tree.lstat(path);
    if (type !== filetype.directory) {
      if (top || flags.has('a')) print(Number(size), path);
      return Number(size);
    }
    let sum = 0;
    for (const { name } of tree.list(path)) sum += sizeOf(joinPath(path, name), false);
    if (top || !flags.has('s')) print(sum, path);
    return sum;
  };
  return eachPath(context, flags.operands.length === 0 ? ['.'] : flags.operands, (path) => void sizeOf(path, true));
};

/** `1.5K`, as ls(1) and du(1) write sizes for people. */
export function humanSize(bytes: number): string {
  let size = bytes;
  for (const unit of ['', 'K', 'M', 'G', 'T']) {
    if (size < 1024) return `${unit !== '' && size < 10 ? size.toFixed(1) : Math.round(size)}${unit}`;
    size /= 1024;
  }
  return `${Math.round(size)}P`;
}

export const file_tools: Readonly<Record<string, Tool>> = {
  mkdir,
  rmdir,
  rm,
  cp,
  mv,
  ln,
  touch,
  readlink,
  realpath,
  basename,
  dirname,
  du,
};
