import { shell_pipe_bytes_max } from '../limits/index.ts';
import type { File } from '../wasi/index.ts';
import { CommandFault, errnoName, Exit } from './errors.ts';

const chunk_bytes = 64 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** How a program ends that writes where nobody reads. */
const broken_pipe_status = 141;

export function toBytes(text: string): Uint8Array {
  return encoder.encode(text);
}

export function toText(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** What commands read, one after the other. */
export class Input {
  readonly #next: () => Uint8Array | null;
  readonly terminal: boolean;
  #left: Uint8Array[] = [];

  constructor(next: () => Uint8Array | null, terminal = false) {
    this.#next = next;
    this.terminal = terminal;
  }

  static ofBytes(bytes: Uint8Array): Input {
    let left: Uint8Array | null = bytes;
    return new Input(() => {
      const given = left;
      left = null;
      return given !== null && given.length > 0 ? given : null;
    });
  }

  static ofFile(file: File): Input {
    const buffer = new Uint8Array(chunk_bytes);
    return new Input(() => {
      const bytes = file.read([buffer]) as number;
      return bytes === 0 ? null : buffer.slice(0, bytes);
    }, file.terminal);
  }

  /** Some bytes, as they come; null at the end. */
  chunk(): Uint8Array | null {
    return this.#left.shift() ?? this.#next();
  }

  /** Gives bytes back, to be read next. */
  unread(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#left.unshift(bytes);
  }

  /** The next line with its end, if it has one; null behind the last. */
  line(): Uint8Array | null {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for (let piece = this.chunk(); piece !== null; piece = this.chunk()) {
      const end = piece.indexOf(10);
      if (end >= 0) {
        this.unread(piece.subarray(end + 1));
        pieces.push(piece.subarray(0, end + 1));
        return joined(pieces);
      }
      pieces.push(piece);
      size += piece.length;
      if (size > shell_pipe_bytes_max) throw new CommandFault(`a line is longer than ${shell_pipe_bytes_max} bytes`);
    }
    return pieces.length === 0 ? null : joined(pieces);
  }

  /** The lines that are left, as text without their ends. */
  *lines(): Generator<string, void, undefined> {
    for (let line = this.line(); line !== null; line = this.line()) yield toText(line).replace(/\n$/, '');
  }

  /** All that is left. */
  all(): Uint8Array {
    const pieces: Uint8Array[] = [];
    let size = 0;
    for (let piece = this.chunk(); piece !== null; piece = this.chunk()) {
      pieces.push(piece);
      size += piece.length;
      if (size > shell_pipe_bytes_max) throw new CommandFault(`more than ${shell_pipe_bytes_max} bytes are too many`);
    }
    return joined(pieces);
  }
}

/** Where commands write. */
export class Output {
  readonly #write: (bytes: Uint8Array) => void;
  readonly terminal: boolean;

  constructor(write: (bytes: Uint8Array) => void, terminal = false) {
    this.#write = write;
    this.terminal = terminal;
  }

  static ofFile(file: File): Output {
    return new Output((bytes) => {
      try {
        for (let at = 0; at < bytes.length;) at += file.write([bytes.subarray(at)]) as number;
      } catch (error) {
        if (errnoName(error) === 'PIPE') throw new Exit(broken_pipe_status);
        throw error;
      }
    }, file.terminal);
  }

  write(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#write(bytes);
  }

  text(text: string): void {
    this.write(toBytes(text));
  }

  line(text: string): void {
    this.text(`${text}\n`);
  }
}

/** Keeps what is written: the commands of a pipeline are run one after the other. */
export class Kept extends Output {
  readonly #pieces: Uint8Array[];

  constructor() {
    const pieces: Uint8Array[] = [];
    let size = 0;
    super((bytes) => {
      size += bytes.length;
      if (size > shell_pipe_bytes_max)
        throw new CommandFault(`what goes through a pipe is kept, and ${shell_pipe_bytes_max} bytes are its most`);
      pieces.push(bytes.slice());
    });
    this.#pieces = pieces;
  }

  bytes(): Uint8Array {
    return joined(this.#pieces);
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0]!;
  const all = new Uint8Array(pieces.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** The streams of a command: by number, either read or written or both. */
export class Streams {
  readonly #inputs: ReadonlyMap<number, Input>;
  readonly #outputs: ReadonlyMap<number, Output>;

  constructor(inputs: ReadonlyMap<number, Input>, outputs: ReadonlyMap<number, Output>) {
    this.#inputs = inputs;
    this.#outputs = outputs;
  }

  static of(input: Input, out: Output, err: Output): Streams {
    return new Streams(
      new Map([[0, input]]),
      new Map([
        [1, out],
        [2, err],
      ]),
    );
  }

  get in(): Input {
    return this.#inputs.get(0) ?? Input.ofBytes(new Uint8Array(0));
  }

  get out(): Output {
    return this.output(1) ?? closed;
  }

  get err(): Output {
    return this.output(2) ?? closed;
  }

  input(fd: number): Input | null {
    return this.#inputs.get(fd) ?? null;
  }

  output(fd: number): Output | null {
    return this.#outputs.get(fd) ?? null;
  }

  /** The same with others at one number; null closes it there. */
  with(fd: number, input: Input | null, output: Output | null): Streams {
    const inputs = new Map(this.#inputs);
    const outputs = new Map(this.#outputs);
    inputs.delete(fd);
    outputs.delete(fd);
    if (input !== null) inputs.set(fd, input);
    if (output !== null) outputs.set(fd, output);
    return new Streams(inputs, outputs);
  }
}

const closed = new Output(() => {
  throw new CommandFault('write error: Bad file descriptor');
});
