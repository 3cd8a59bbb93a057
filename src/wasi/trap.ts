import { debug_bytes_max } from '../limits/index.ts';
import { type CodePlacement, locate, readableName, type SourceFrame, withoutHash } from '../wasm/index.ts';

/** What a guest was made of. The sections of the module are read when a trap is to be told of, and not before. */
export interface Program {
  readonly module: WebAssembly.Module;
  readonly code: CodePlacement;
  /** Called with the functions on the stack of a trap, innermost first. */
  readonly trapped?: (frames: readonly TrapFrame[]) => void;
}

/** A function that was on the stack when its guest trapped. */
export interface TrapFrame {
  /** In the module's index space of functions. */
  readonly function: number;
  /** Where in the module's file, in bytes from its start. */
  readonly offset: number;
}

/** A function that was on the guest's stack. */
interface Frame {
  /** Its name, if the module has names. */
  readonly name: string | null;
  readonly index: number;
  /** Where in the bytes that were compiled, from their start. */
  readonly offset: number;
}

const frames_shown_max = 24;
const name_length_max = 200;

/** A frame as V8 describes it; of the text only what stands at its end is V8's word, for names are the guest's. */
interface CallSite {
  getScriptNameOrSourceURL(): string | null;
  getFunctionName(): string | null;
  toString(): string;
}

const v8_frame_end = /:wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/;

/** The guest's functions on the stack of `error`, innermost first; what the host has on it is left out. */
function framesOf(error: Error): readonly Frame[] {
  return sitesOf(error).flatMap((site) => {
    if (site.getScriptNameOrSourceURL()?.startsWith('wasm://') !== true) return [];
    const match = v8_frame_end.exec(site.toString());
    if (match === null) return [];
    return { name: site.getFunctionName(), index: Number(match[1]), offset: Number.parseInt(match[2]!, 16) };
  });
}

const sites_of = new WeakMap<Error, readonly CallSite[]>();

/** V8 hands them out while it makes the text of a stack, which it does once, when it is first asked for. */
function sitesOf(error: Error): readonly CallSite[] {
  const known = sites_of.get(error);
  if (known !== undefined) return known;
  const stacks = Error as { prepareStackTrace?: unknown };
  const before = stacks.prepareStackTrace;
  let sites: readonly CallSite[] = [];
  stacks.prepareStackTrace = (_: Error, given: readonly CallSite[]) => {
    sites = given;
    return '';
  };
  try {
    void error.stack;
  } finally {
    if (before === undefined) delete stacks.prepareStackTrace;
    else stacks.prepareStackTrace = before;
  }
  sites_of.set(error, sites);
  return sites;
}

/** The functions on the stack of what came out of a guest, their offsets those of the module in its file. */
export function trapFrames(thrown: unknown, { code }: Program): readonly TrapFrame[] {
  if (!(thrown instanceof Error)) return [];
  return framesOf(thrown).map(({ index, offset }) => ({ function: index, offset: offset - code.moved_bytes }));
}

/**
 * The message about a guest that trapped: the trap, then a line for each of its functions, innermost first. With the
 * `program` that it ran, and where its debug information says them, they have places in its source, and functions that
 * were inlined have lines of their own. Offsets are those of the module as it is in its file.
 */
export function describeTrap(thrown: unknown, program?: Program): string {
  if (!(thrown instanceof Error)) return `wasm trap: ${uncaught(thrown)}`;
  const frames = framesOf(thrown);
  const sources = program === undefined ? [] : sourcesOf(frames, program);
  const moved_bytes = program?.code.moved_bytes ?? 0;
  const lines = frames.flatMap((frame, i) => describeFrame(frame, sources[i] ?? [], moved_bytes));
  const shown = lines.slice(0, frames_shown_max);
  if (lines.length > shown.length) shown.push('    ...');
  return [`wasm trap: ${printable(thrown.message)}`, ...shown].join('\n');
}

function uncaught(thrown: unknown): string {
  return thrown instanceof WebAssembly.Exception ? 'an exception that nobody caught' : 'something thrown by the host';
}

/** Where each frame is in the source, by the module's own DWARF. */
function sourcesOf(frames: readonly Frame[], { module, code }: Program): readonly (readonly SourceFrame[])[] {
  if (code.debug_bytes === 0 || code.debug_bytes > debug_bytes_max) return [];
  const section = (name: string): Uint8Array | undefined => {
    const [content] = WebAssembly.Module.customSections(module, name);
    return content === undefined ? undefined : new Uint8Array(content);
  };
  return locate(
    section,
    frames.map(({ offset }) => offset - code.moved_bytes - code.start),
  );
}

/** A line for the function, and one before it for each function that was inlined into it and stood on the stack. */
function describeFrame({ name, index, offset }: Frame, sources: readonly SourceFrame[], moved_bytes: number): string[] {
  const where = `wasm-function[${index}]:0x${(offset - moved_bytes).toString(16)}`;
  const own = name === null ? null : withoutHash(readableName(name) ?? name);
  if (sources.length === 0) return [own === null ? `    at ${where}` : `    at ${printable(own)} (${where})`];
  return sources.map((source) => {
    const shown = printable(nameOf(source, own) ?? '?');
    return `    at ${shown} (${placeOf(source)}), ${source.inlined ? 'inlined' : where}`;
  });
}

/** What a linker calls a C function may differ from its source; of others it says more than the source's one word. */
function nameOf(source: SourceFrame, own: string | null): string | null {
  return source.inlined || !source.qualified ? (source.function ?? own) : (own ?? source.function);
}

function placeOf({ file, line, column }: SourceFrame): string {
  const path = file === null ? '?' : printable(file);
  if (line === 0) return path;
  return column === 0 ? `${path}:${line}` : `${path}:${line}:${column}`;
}

/** Names are the guest's: what would steer a terminal is left out, and they end somewhere. */
function printable(text: string): string {
  const safe = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return safe.length > name_length_max ? `${safe.slice(0, name_length_max)}...` : safe;
}
