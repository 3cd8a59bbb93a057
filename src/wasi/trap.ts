/** A function that was on the guest's stack. */
interface Frame {
  /** Its name, if the module has names. */
  readonly name: string | null;
  readonly index: number;
  /** Where in the module's bytes, from their start. */
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

/** V8 hands them out while it makes the text of a stack, which it does once, when it is first asked for. */
function sitesOf(error: Error): readonly CallSite[] {
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
  return sites;
}

/** The message about a guest that trapped: the trap, then a line for each of its functions, innermost first. */
export function describeTrap(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `wasm trap: ${uncaught(thrown)}`;
  const frames = framesOf(thrown);
  const lines = frames.slice(0, frames_shown_max).map(describeFrame);
  if (frames.length > frames_shown_max) lines.push('    ...');
  return [`wasm trap: ${printable(thrown.message)}`, ...lines].join('\n');
}

function uncaught(thrown: unknown): string {
  return thrown instanceof WebAssembly.Exception ? 'an exception that nobody caught' : 'something thrown by the host';
}

function describeFrame({ name, index, offset }: Frame): string {
  const where = `wasm-function[${index}]:0x${offset.toString(16)}`;
  return name === null ? `    at ${where}` : `    at ${printable(name)} (${where})`;
}

/** Names are the guest's: what would steer a terminal is left out, and they end somewhere. */
function printable(text: string): string {
  const safe = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
  return safe.length > name_length_max ? `${safe.slice(0, name_length_max)}...` : safe;
}
