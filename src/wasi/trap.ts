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

// V8: `    at name (wasm://wasm/module-hash:wasm-function[12]:0x1a2)`, the name and its brackets missing without names.
const v8_frame = /^\s*at (?:(.+) \()?wasm:\/\/wasm\/[^\s]*:wasm-function\[(\d+)\]:0x([0-9a-f]+)\)?$/;

/** The guest's functions in the stack of `error`, innermost first; what the host has on it is left out. */
function framesOf(error: Error): readonly Frame[] {
  const frames: Frame[] = [];
  for (const line of (error.stack ?? '').split('\n')) {
    const match = v8_frame.exec(line);
    if (match === null) continue;
    const [, name, index, offset] = match;
    frames.push({ name: name ?? null, index: Number(index), offset: Number.parseInt(offset!, 16) });
  }
  return frames;
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
