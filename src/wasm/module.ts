import { module_entries_max, module_functions_max } from '../limits/index.ts';
import { skipConstant } from './constant.ts';
import { Cursor, readVector } from './cursor.ts';
import { readGlobalType, readKind, readMemoryType, readTableType, readTagTypeIndex } from './extern-types.ts';
import { readSections, sectionId } from './sections.ts';
import { readFunctionType, readTypeSection } from './type-section.ts';
import type {
  DataSegment,
  Export,
  ExternKind,
  ExternType,
  FunctionType,
  GlobalType,
  Import,
  MemoryType,
  Module,
  Section,
  TableType,
} from './types.ts';

/**
 * Reads a module (core spec, 5.5). What it takes stays in use: the result points into `bytes`. Function bodies and
 * element segments are stepped over by the size of their section, so that the cost is that of the declarations.
 * Throws `WasmError` for malformed bytes and for counts above `limits`; what is left to check, bodies and constant
 * expressions among it, the engine checks when it compiles.
 */
export function readModule(bytes: Uint8Array): Module {
  return new Reader(bytes).read();
}

/** The function type at `index` of the module's types; undefined where there is none, or a structure or array. */
export function functionType(module: Pick<Module, 'bytes' | 'types'>, index: number): FunctionType | undefined {
  const start = module.types[index];
  return start === undefined ? undefined : readFunctionType(module.bytes, start, module.bytes.length);
}

/** The contents of the custom sections of a name, in the order of the file, as views. */
export function customSections(module: Module, name: string): Uint8Array[] {
  return module.sections
    .filter((section) => section.id === sectionId.custom && section.name === name)
    .map(({ start, end }) => module.bytes.subarray(start, end));
}

/** Reads section by section and counts the index spaces that later sections point into. */
class Reader {
  private readonly bytes: Uint8Array;
  private readonly sections: readonly Section[];
  private readonly signatures = new Map<number, FunctionType>();
  private types: Uint32Array = new Uint32Array();
  private readonly imports: Import[] = [];
  private readonly importedFunctions: number[] = [];
  private functions: Uint32Array = new Uint32Array();
  private readonly tables: TableType[] = [];
  private readonly memories: MemoryType[] = [];
  private readonly tags: FunctionType[] = [];
  private readonly globals: GlobalType[] = [];
  private readonly exports: Export[] = [];
  private readonly data: DataSegment[] = [];
  private start: number | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.sections = readSections(bytes);
  }

  read(): Module {
    this.inside(sectionId.type, (cursor) => (this.types = readTypeSection(cursor)));
    this.entries(sectionId.import, (cursor) => this.readImport(cursor));
    this.functions = Uint32Array.from(this.importedFunctions);
    this.inside(sectionId.function, (cursor) => this.readFunctions(cursor));
    this.entries(sectionId.table, (cursor) => this.readTable(cursor));
    this.entries(sectionId.memory, (cursor) => this.memories.push(readMemoryType(cursor)));
    this.entries(sectionId.tag, (cursor) => this.tags.push(this.readSignature(cursor, readTagTypeIndex(cursor))));
    this.entries(sectionId.global, (cursor) => this.readGlobal(cursor));
    this.entries(sectionId.export, (cursor) => this.readExport(cursor));
    this.inside(sectionId.start, (cursor) => (this.start = this.readIndex(cursor, 'function')));
    this.checkBodies();
    this.entries(sectionId.data, (cursor) => this.readData(cursor));
    this.checkDataCount();
    return {
      bytes: this.bytes,
      sections: this.sections,
      types: this.types,
      imports: this.imports,
      functions: this.functions,
      functions_imported: this.importedFunctions.length,
      tables: this.tables,
      memories: this.memories,
      globals: this.globals,
      tags: this.tags,
      exports: this.exports,
      start: this.start,
      data: this.data,
    };
  }

  /** A cursor over a section's content, if the module has the section. */
  private open(id: number): Cursor | undefined {
    const section = this.sections.find((candidate) => candidate.id === id);
    return section && new Cursor(this.bytes, section.start, section.end, `the ${section.name} section`);
  }

  /** Lets `read` take a section to its last byte; `read` is not called where the module has no such section. */
  private inside(id: number, read: (cursor: Cursor) => void): void {
    const cursor = this.open(id);
    if (!cursor) return;
    read(cursor);
    if (cursor.left > 0) throw cursor.error(`has ${cursor.left} bytes after its last entry`);
  }

  private entries(id: number, read: (cursor: Cursor) => void): void {
    this.inside(id, (cursor) => readVector(cursor, module_entries_max, () => read(cursor)));
  }

  private readImport(cursor: Cursor): void {
    const module = cursor.name('the module of an import');
    const name = cursor.name('the name of an import');
    const type = this.readImportType(cursor, readKind(cursor));
    this.imports.push({ module, name, type });
  }

  private readImportType(cursor: Cursor, kind: ExternKind): ExternType {
    switch (kind) {
      case 'function': {
        const start = cursor.at;
        const index = cursor.u32('the type of a function');
        const signature = this.signature(cursor, index, start);
        this.importedFunctions.push(index);
        return { kind, function: signature };
      }
      case 'table': {
        const table = readTableType(cursor);
        this.tables.push(table);
        return { kind, table };
      }
      case 'memory': {
        const memory = readMemoryType(cursor);
        this.memories.push(memory);
        return { kind, memory };
      }
      case 'global': {
        const global = readGlobalType(cursor);
        this.globals.push(global);
        return { kind, global };
      }
      case 'tag': {
        const tag = this.readSignature(cursor, readTagTypeIndex(cursor));
        this.tags.push(tag);
        return { kind, tag };
      }
    }
  }

  private readFunctions(cursor: Cursor): void {
    const imported = this.importedFunctions.length;
    const declared: number[] = [];
    readVector(cursor, module_functions_max, () => {
      const start = cursor.at;
      const index = cursor.u32('the type of a function');
      this.signature(cursor, index, start);
      declared.push(index);
    });
    const functions = new Uint32Array(imported + declared.length);
    functions.set(this.importedFunctions);
    functions.set(declared, imported);
    this.functions = functions;
  }

  /** A table's type, alone or between `0x40 0x00` and the constant its entries begin as. */
  private readTable(cursor: Cursor): void {
    const initialised = cursor.left >= 2 && this.bytes[cursor.at] === 0x40 && this.bytes[cursor.at + 1] === 0;
    if (initialised) cursor.at += 2;
    this.tables.push(readTableType(cursor));
    if (initialised) skipConstant(cursor);
  }

  private readGlobal(cursor: Cursor): void {
    this.globals.push(readGlobalType(cursor));
    skipConstant(cursor);
  }

  private readExport(cursor: Cursor): void {
    const name = cursor.name('the name of an export');
    const kind = readKind(cursor);
    this.exports.push({ name, kind, index: this.readIndex(cursor, kind) });
  }

  private readIndex(cursor: Cursor, kind: ExternKind): number {
    const start = cursor.at;
    const index = cursor.u32(`the index of a ${kind}`);
    const count = this.count(kind);
    if (index >= count) throw cursor.error(`names ${kind} ${index} of a module that has ${count}`, start);
    return index;
  }

  private count(kind: ExternKind): number {
    if (kind === 'function') return this.functions.length;
    if (kind === 'table') return this.tables.length;
    if (kind === 'memory') return this.memories.length;
    return kind === 'global' ? this.globals.length : this.tags.length;
  }

  private readSignature(cursor: Cursor, index: number): FunctionType {
    return this.signature(cursor, index, cursor.at);
  }

  /** Each type is decoded once, however many functions have it: a small module must not become a large object. */
  private signature(cursor: Cursor, index: number, start: number): FunctionType {
    const known = this.signatures.get(index);
    if (known) return known;
    const type = functionType({ bytes: this.bytes, types: this.types }, index);
    if (!type) throw cursor.error(`says type ${index} is a function's, and the type section has no such type`, start);
    this.signatures.set(index, type);
    return type;
  }

  /** Of the code section only the number of bodies is read. */
  private checkBodies(): void {
    const declared = this.functions.length - this.importedFunctions.length;
    const cursor = this.open(sectionId.code);
    const start = cursor?.at ?? this.bytes.length;
    const bodies = cursor?.u32('the number of its entries') ?? 0;
    if (bodies === declared) return;
    const place = cursor ?? new Cursor(this.bytes, start, start, 'the code section');
    throw place.error(`has ${bodies} function bodies for ${declared} declared functions`, start);
  }

  /** Flags 0: memory 0 at an address; 1: passive; 2: a memory by its index, at an address (core spec, 5.5.14). */
  private readData(cursor: Cursor): void {
    const at = cursor.at;
    const flags = cursor.u32('the flags of a data segment');
    if (flags > 2) throw cursor.error(`has a data segment with the flags 0x${flags.toString(16)}`, at);
    const memory = flags === 2 ? this.readIndex(cursor, 'memory') : flags === 0 ? 0 : undefined;
    const offset = memory === undefined ? undefined : skipConstant(cursor);
    const size = cursor.u32('the size of a data segment');
    const start = cursor.skip(size, 'a data segment');
    this.data.push({ memory, offset, start, end: cursor.at });
  }

  private checkDataCount(): void {
    this.inside(sectionId.dataCount, (cursor) => {
      const start = cursor.at;
      const count = cursor.u32('the number of data segments');
      if (count !== this.data.length) {
        throw cursor.error(`says ${count} data segments and there are ${this.data.length}`, start);
      }
    });
  }
}
