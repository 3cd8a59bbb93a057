/** The abstract heap types (core spec, 5.3.2) by the code they are written with, which is also `(ref null X)` alone. */
export const heapTypes = {
  0x69: 'exn',
  0x6a: 'array',
  0x6b: 'struct',
  0x6c: 'i31',
  0x6d: 'eq',
  0x6e: 'any',
  0x6f: 'extern',
  0x70: 'func',
  0x71: 'none',
  0x72: 'noextern',
  0x73: 'nofunc',
  0x74: 'noexn',
} as const;

/** What can stand inside `(ref X)`: an abstract heap type, or the index of a type of the module. */
export type HeapType = (typeof heapTypes)[keyof typeof heapTypes] | `${number}`;

export type NumberType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

/** A reference as the text format writes it; the two of Wasm 1 and 2 by their short names. */
export type ReferenceType = 'funcref' | 'externref' | `(ref ${HeapType})` | `(ref null ${HeapType})`;

export type ValueType = NumberType | ReferenceType;

export interface FunctionType {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** Bytes `[start, end)` of a module. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Sizes are exact up to 2^53; the few above, which nothing can provide, are rounded. */
export interface Limits {
  readonly minimum: number;
  readonly maximum: number | undefined;
  /** `i64` where indices are 64 bits wide (memory64, table64). */
  readonly address: 'i32' | 'i64';
  readonly shared: boolean;
  /** Where the limits stand, the flags byte first. */
  readonly encoded: Span;
}

/** Sizes are in pages. */
export interface MemoryType extends Limits {
  /** 65,536, or 1 by the custom page sizes proposal. */
  readonly page_bytes: number;
}

/** Sizes are in entries. */
export interface TableType extends Limits {
  readonly element: ReferenceType;
}

export interface GlobalType {
  readonly value: ValueType;
  readonly mutable: boolean;
}

/** What an import asks for. A tag is an exception's parameters. */
export type ExternType =
  | { readonly kind: 'function'; readonly function: FunctionType }
  | { readonly kind: 'table'; readonly table: TableType }
  | { readonly kind: 'memory'; readonly memory: MemoryType }
  | { readonly kind: 'global'; readonly global: GlobalType }
  | { readonly kind: 'tag'; readonly tag: FunctionType };

export type ExternKind = ExternType['kind'];

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly type: ExternType;
}

export interface Export {
  readonly name: string;
  readonly kind: ExternKind;
  /** In the index space of its kind, where imports come first. */
  readonly index: number;
}

/** A section as it stands in the file. A custom section's `name` is its own and its span begins after the name. */
export interface Section extends Span {
  readonly id: number;
  readonly name: string;
  /** Where the section's size is written, one byte after its id. */
  readonly size_at: number;
}

export interface DataSegment extends Span {
  /** The memory an active segment goes to; undefined for a passive one. */
  readonly memory: number | undefined;
  /** The constant expression of an active segment's address. */
  readonly offset: Span | undefined;
}

/**
 * A module as read: what it says of itself, and where things stand in `bytes`. Index spaces (`functions`, `tables`,
 * `memories`, `globals`, `tags`) begin with what is imported, as the module itself counts.
 */
export interface Module {
  /** The bytes it was read of: everything else is a view or a position into them. */
  readonly bytes: Uint8Array;
  /** In the order of the file, custom sections among them. */
  readonly sections: readonly Section[];
  /** Where the definition of each type begins; `functionType` decodes one. Recursive groups are counted out flat. */
  readonly types: Uint32Array;
  readonly imports: readonly Import[];
  /** The type index of each function. */
  readonly functions: Uint32Array;
  readonly functions_imported: number;
  readonly tables: readonly TableType[];
  readonly memories: readonly MemoryType[];
  readonly globals: readonly GlobalType[];
  readonly tags: readonly FunctionType[];
  readonly exports: readonly Export[];
  /** The index of the start function. */
  readonly start: number | undefined;
  readonly data: readonly DataSegment[];
}
