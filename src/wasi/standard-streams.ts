import { captured_bytes_max } from '../limits/index.ts';
import { fail } from './errno.ts';
import type { Buffers, File } from './files.ts';
import { StreamFile } from './stream-file.ts';

/** A stream that is read from bytes given beforehand, or one by one as they come. */
export interface Source extends File {
  /** More to read; ignored after `end`. */
  push(bytes: Uint8Array): void;
  /** No more comes. */
  end(): void;
}

/** A stream that keeps what is written to it. */
export interface Capture extends File {
  /** All that was written so far, up to the bound. */
  bytes(): Uint8Array;
  /** `bytes` as text. */
  text(): string;
}

class SourceFile extends StreamFile implements Source {
  #chunks: Uint8Array[] = [];
  #ended = false;
  #nonblock = false;
  #wake: (() => void)[] = [];

  push(bytes: Uint8Array): void {
    if (this.#ended || bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#awake();
  }

  end(): void {
    this.#ended = true;
    this.#awake();
  }

  /** Bytes that can be read at once; null when a reader would have to wait. */
  ready(): { readonly bytes: number; readonly hangup: boolean } | null {
    let bytes = 0;
    for (const chunk of this.#chunks) bytes += chunk.length;
    return bytes > 0 || this.#ended ? { bytes, hangup: this.#ended } : null;
  }

  /** Settled as soon as `ready` may have changed. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake.push(resolve);
    });
  }

  read(into: Buffers): number | Promise<number> {
    if (this.#chunks.length > 0 || this.#ended || into.length === 0) return this.#take(into);
    if (this.#nonblock) throw fail('AGAIN');
    return this.#takeLater(into);
  }

  write(_from: Buffers): number {
    throw fail('BADF');
  }

  override setFlags({ nonblock }: { nonblock: boolean }): void {
    this.#nonblock = nonblock;
  }

  async #takeLater(into: Buffers): Promise<number> {
    while (this.#chunks.length === 0 && !this.#ended) await this.change();
    return this.#take(into);
  }

  #take(into: Buffers): number {
    let taken = 0;
    for (const buffer of into) {
      let filled = 0;
      while (filled < buffer.length) {
        const chunk = this.#chunks[0];
        if (chunk === undefined) return taken;
        const part = chunk.subarray(0, buffer.length - filled);
        buffer.set(part, filled);
        filled += part.length;
        taken += part.length;
        if (part.length === chunk.length) this.#chunks.shift();
        else this.#chunks[0] = chunk.subarray(part.length);
      }
    }
    return taken;
  }

  #awake(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const resolve of waiting) resolve();
  }
}

class CaptureFile extends StreamFile implements Capture {
  readonly #bytes_max: number;
  readonly #tell: ((bytes: Uint8Array) => void) | undefined;
  #chunks: Uint8Array[] = [];
  #kept = 0;

  constructor(options: { terminal: boolean; bytes_max: number; tell: ((bytes: Uint8Array) => void) | undefined }) {
    super(options.terminal);
    this.#bytes_max = options.bytes_max;
    this.#tell = options.tell;
  }

  read(_into: Buffers): number {
    throw fail('BADF');
  }

  write(from: Buffers): number {
    let written = 0;
    for (const buffer of from) {
      const copy = buffer.slice();
      written += copy.length;
      this.#tell?.(copy);
      const kept = copy.subarray(0, this.#bytes_max - this.#kept);
      if (kept.length === 0) continue;
      this.#chunks.push(kept);
      this.#kept += kept.length;
    }
    return written;
  }

  bytes(): Uint8Array {
    const all = new Uint8Array(this.#kept);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  text(): string {
    return new TextDecoder().decode(this.bytes());
  }
}

/** A stdin. With `content` it ends after it; without, it goes on until `end`, and reading suspends the guest. */
export function createSource(options: { readonly content?: Uint8Array; readonly terminal?: boolean } = {}): Source {
  const source = new SourceFile(options.terminal ?? false);
  if (options.content !== undefined) {
    source.push(options.content);
    source.end();
  }
  return source;
}

/** A stdout or stderr that keeps up to `bytes_max` bytes, and tells `on_write` of all as they come. */
export function createCapture(
  options: {
    readonly terminal?: boolean;
    readonly bytes_max?: number;
    readonly on_write?: (bytes: Uint8Array) => void;
  } = {},
): Capture {
  return new CaptureFile({
    terminal: options.terminal ?? false,
    bytes_max: options.bytes_max ?? captured_bytes_max,
    tell: options.on_write,
  });
}

/** A stream whose readiness the page's clock can ask for and wait for. */
export interface Pollable {
  ready(): { readonly bytes: number; readonly hangup: boolean } | null;
  change(): Promise<void>;
}

export function isPollable(file: File): file is File & Pollable {
  return 'ready' in file && 'change' in file;
}
