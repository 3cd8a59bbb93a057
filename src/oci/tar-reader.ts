import { layer_expanded_bytes_max, pax_header_bytes_max } from '../limits/index.ts';
import { decodeUtf8, equalBytes, noBytes } from './bytes.ts';
import { LayerError, type LayerErrorClass } from './layer-error.ts';
import { entryType, type EntryType } from './layer-index-format.ts';
import { checkGlobalPax, parsePax, type PaxRecords } from './pax.ts';
import type { TarEntry } from './tar-entry.ts';
import { badHeader, block_bytes, isZeroBlock, parseHeader, type TarHeader } from './tar-header.ts';

export interface TarReaderOptions {
  /** The most bytes the whole tar may have; default `layer_expanded_bytes_max`. */
  readonly bytes_max?: number;
}

const octal_size_max = 0o777_7777_7777;
const id_max = 0xffff_ffff;

const entryTypes: Readonly<Record<string, EntryType>> = {
  '0': entryType.file,
  '7': entryType.file,
  '1': entryType.hardlink,
  '2': entryType.symlink,
  '3': entryType.characterDevice,
  '4': entryType.blockDevice,
  '5': entryType.directory,
  '6': entryType.fifo,
};

/** The body of an extended header while it is collected; `offset` is where it starts in the tar. */
interface Body {
  readonly flag: string;
  readonly bytes: Uint8Array;
  filled: number;
  readonly offset: number;
}

/** Extended headers seen, waiting for the entry they speak of. */
interface Extensions {
  header: number;
  pax?: PaxRecords;
  longName?: Uint8Array;
  longLink?: Uint8Array;
}

/**
 * Reads a tar that comes in pieces of any length and calls `onEntry` for each entry; file data pass by unbuffered.
 * Reads POSIX ustar and pax, GNU long names and base-256 numbers, and tars older than both. It is strict where tar
 * programs differ, because what one of them shows must be what all see: whatever could be read in two ways is refused.
 *
 * A tar ends with two zero blocks (what follows them is ignored, as tar programs do) or with its last entry.
 * Throws `LayerError`; after that the reader is of no more use.
 */
export class TarReader {
  readonly #onEntry: (entry: TarEntry) => void;
  readonly #bytesMax: number;
  readonly #block: Uint8Array = new Uint8Array(block_bytes);
  #filled = 0;
  /** Bytes taken so far. */
  #offset = 0;
  /** Data and padding still to pass by; and how much of that is padding, which a cut-off tar may lack. */
  #skip = 0;
  #padding = 0;
  #body: Body | undefined;
  #extensions: Extensions | undefined;
  #zeroBlock = false;
  #ended = false;

  constructor(onEntry: (entry: TarEntry) => void, options: TarReaderOptions = {}) {
    this.#onEntry = onEntry;
    this.#bytesMax = options.bytes_max ?? layer_expanded_bytes_max;
  }

  /** Number of bytes taken so far. */
  get offset(): number {
    return this.#offset;
  }

  /** Takes the next piece; it is not kept. */
  write(piece: Uint8Array): void {
    const start = this.#offset;
    if (start + piece.length > this.#bytesMax) throw this.#tooLarge(start);
    let at = 0;
    while (at < piece.length) {
      this.#offset = start + at;
      const left = piece.length - at;
      if (this.#ended) {
        at = piece.length;
      } else if (this.#body !== undefined) {
        at += this.#collect(this.#body, piece, at);
      } else if (this.#skip > 0) {
        const passed = Math.min(this.#skip, left);
        this.#skip -= passed;
        at += passed;
      } else if (this.#filled === 0 && left >= block_bytes) {
        at += block_bytes;
        this.#header(piece, at - block_bytes, start + at - block_bytes);
      } else {
        const part = Math.min(block_bytes - this.#filled, left);
        this.#block.set(piece.subarray(at, at + part), this.#filled);
        this.#filled += part;
        at += part;
        if (this.#filled === block_bytes) {
          this.#filled = 0;
          this.#header(this.#block, 0, start + at - block_bytes);
        }
      }
    }
    this.#offset = start + piece.length;
  }

  /** Says that all pieces were given. Throws a `LayerError` when the tar is cut off. */
  end(): void {
    const cutOff = this.#filled > 0 || this.#body !== undefined || this.#skip > this.#padding;
    if (cutOff) throw new LayerError('InvalidArgument', 'it is cut off', { offset: this.#offset });
    if (this.#extensions !== undefined) {
      throw badHeader('an extended header is followed by no entry', this.#extensions.header);
    }
  }

  #header(bytes: Uint8Array, at: number, offset: number): void {
    if (bytes[at] === 0 && isZeroBlock(bytes, at)) {
      if (this.#extensions !== undefined) {
        throw badHeader('an extended header is followed by no entry', this.#extensions.header);
      }
      this.#ended = this.#zeroBlock;
      this.#zeroBlock = true;
      return;
    }
    if (this.#zeroBlock) throw badHeader('a single zero block stands between entries', offset - block_bytes);
    const header = parseHeader(bytes, at, offset);
    switch (header.flag) {
      case 'x':
      case 'g':
      case 'L':
      case 'K':
        this.#startBody(header, offset);
        return;
      default:
        this.#entry(header, offset);
    }
  }

  #startBody(header: TarHeader, offset: number): void {
    if (header.size > pax_header_bytes_max) {
      throw new LayerError('ResourceExhausted', `an extended header has more than ${pax_header_bytes_max} bytes`, {
        offset,
      });
    }
    const isName = header.flag === 'L' || header.flag === 'K';
    if (isName && header.size === 0) throw badHeader('a long name is empty', offset);
    this.#extensions ??= { header: offset };
    const body: Body = {
      flag: header.flag,
      bytes: new Uint8Array(header.size),
      filled: 0,
      offset: offset + block_bytes,
    };
    this.#setSkip(header.size, body.offset);
    this.#skip -= header.size;
    if (header.size === 0) this.#endBody(body);
    else this.#body = body;
  }

  #collect(body: Body, piece: Uint8Array, at: number): number {
    const part = Math.min(body.bytes.length - body.filled, piece.length - at);
    body.bytes.set(piece.subarray(at, at + part), body.filled);
    body.filled += part;
    if (body.filled === body.bytes.length) {
      this.#body = undefined;
      this.#endBody(body);
    }
    return part;
  }

  #endBody({ flag, bytes, offset }: Body): void {
    const extensions = this.#extensions ?? { header: offset };
    if (flag === 'g') {
      checkGlobalPax(bytes, offset);
      const isAlone =
        extensions.pax === undefined && extensions.longName === undefined && extensions.longLink === undefined;
      if (isAlone) this.#extensions = undefined;
    } else if (flag === 'x') {
      if (extensions.pax !== undefined) throw badHeader('two pax headers speak of one entry', offset);
      extensions.pax = parsePax(bytes, offset);
    } else if (flag === 'L') {
      if (extensions.longName !== undefined) throw badHeader('two long names speak of one entry', offset);
      extensions.longName = untilNul(bytes);
    } else {
      if (extensions.longLink !== undefined) throw badHeader('two long links speak of one entry', offset);
      extensions.longLink = untilNul(bytes);
    }
  }

  #entry(header: TarHeader, offset: number): void {
    const extensions = this.#extensions;
    this.#extensions = undefined;
    const pax = extensions?.pax;
    const place = extensions?.header ?? offset;
    const name = agreed(pax?.path, extensions?.longName, 'names', place) ?? header.name;
    const refuse = (errorClass: LayerErrorClass, problem: string): LayerError =>
      new LayerError(errorClass, problem, { entry: decodeUtf8(name.subarray(0, 256)), offset });

    if (name.length === 0) throw refuse('InvalidArgument', 'it has no name');
    if (header.flag === 'S' || pax?.sparse === true) {
      throw refuse('Unimplemented', 'it is a sparse file, which layers may not have; write the layer without --sparse');
    }
    let type = entryTypes[header.flag];
    if (type === undefined) throw refuse('Unimplemented', `its type flag is ${JSON.stringify(header.flag)}`);
    // Before POSIX gave directories a flag, a slash at the end made one.
    if (type === entryType.file && header.flag === '0' && name.at(-1) === 0x2f) type = entryType.directory;

    const size = this.#size(header, pax, type, refuse);
    const uid = pax?.uid ?? header.uid;
    const gid = pax?.gid ?? header.gid;
    if (uid > id_max || gid > id_max) throw refuse('InvalidArgument', 'its owner is no 32-bit number');
    const isLink = type === entryType.hardlink || type === entryType.symlink;
    const link = agreed(pax?.linkpath, extensions?.longLink, 'link targets', place) ?? header.link;
    if (isLink && link.length === 0) throw refuse('InvalidArgument', 'it is a link without a target');

    const data = offset + block_bytes;
    this.#setSkip(size, data);
    this.#onEntry({
      name,
      link: isLink ? link : noBytes,
      header: offset,
      type,
      mode: header.mode,
      uid,
      gid,
      size,
      mtime_s: pax?.mtime?.s ?? header.mtime,
      mtime_nsec: pax?.mtime?.nsec ?? 0,
      offset: type === entryType.file ? data : header.device,
      xattrs: pax?.xattrs,
    });
  }

  #size(
    header: TarHeader,
    pax: PaxRecords | undefined,
    type: EntryType,
    refuse: (errorClass: LayerErrorClass, problem: string) => LayerError,
  ): number {
    const size = pax?.size ?? header.size;
    if (size !== header.size) {
      // A size that does not fit the header leaves 0, all sevens, or what was left of it there.
      const left = size % (octal_size_max + 1);
      const fits = size <= octal_size_max;
      if (fits || (header.size !== 0 && header.size !== octal_size_max && header.size !== left)) {
        throw refuse('InvalidArgument', `its pax header says ${size} bytes, its tar header ${header.size}`);
      }
    }
    if (type === entryType.file) return size;
    // Some programs repeat the file's size on a hard link, and all read that as no data; elsewhere they differ.
    if (type === entryType.hardlink && pax?.size === undefined) return 0;
    if (size !== 0) throw refuse('InvalidArgument', `it has ${size} bytes of data but is no file`);
    return 0;
  }

  #setSkip(size: number, data: number): void {
    this.#padding = (block_bytes - (size % block_bytes)) % block_bytes;
    this.#skip = size + this.#padding;
    if (data + size > this.#bytesMax) throw this.#tooLarge(data);
  }

  #tooLarge(offset: number): LayerError {
    return new LayerError('ResourceExhausted', `it has more than ${this.#bytesMax} bytes`, { offset });
  }
}

/** What two extensions say about one thing; throws when they differ. */
function agreed(
  pax: Uint8Array | undefined,
  gnu: Uint8Array | undefined,
  what: string,
  offset: number,
): Uint8Array | undefined {
  if (pax !== undefined && gnu !== undefined && !equalBytes(pax, gnu)) {
    throw badHeader(`its extended headers give two different ${what}`, offset);
  }
  return pax ?? gnu;
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}
