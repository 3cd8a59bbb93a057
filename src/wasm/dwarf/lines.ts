import { debug_files_max } from '../../limits/index.ts';
import { Attribute, LineContent } from './constants.ts';
import { type Encoding, readForm } from './forms.ts';
import type { SectionReader } from './section-reader.ts';
import type { SectionName, Sections } from './sections.ts';
import { numberOf, textOf, type Unit } from './units.ts';

/** A place in a source: the number of its file in the unit's table, a line and a column; 0 where it is not known. */
export interface Row {
  readonly file: number;
  readonly line: number;
  readonly column: number;
}

/** The line table of a unit. */
export interface Lines {
  /** For each of the addresses that was asked for, the place it came from; null when none is given. */
  readonly rows: readonly (Row | null)[];
  /** The path of a file of the table, joined to its folder and to the one the compiler ran in. */
  path(file: number): string | null;
}

interface Header extends Encoding {
  readonly instruction_bytes_min: number;
  readonly line_base: number;
  readonly line_range: number;
  readonly opcode_base: number;
  readonly operand_counts: readonly number[];
  readonly directories: readonly Text[];
  readonly files: readonly { readonly name: Text; readonly directory: number }[];
}

interface Text {
  readonly section: SectionName;
  readonly at: number;
}

const op = {
  copy: 1,
  advance_pc: 2,
  advance_line: 3,
  set_file: 4,
  set_column: 5,
  const_add_pc: 8,
  fixed_advance_pc: 9,
} as const;
const extended = { end_sequence: 1, set_address: 2 } as const;

/** Runs the line program of `unit` (DWARF 5, 6.2) and looks for each of the `addresses`. */
export function readLines(sections: Sections, unit: Unit, addresses: readonly number[]): Lines | null {
  const at = numberOf(unit.root, Attribute.stmt_list);
  if (at === undefined) return null;
  const whole = sections.open('debug_line', at);
  const { end, offset_bytes } = whole.unitLength();
  const reader = sections.open('debug_line', whole.at, end);
  const { header, program } = readHeader(reader, unit, offset_bytes);
  reader.at = program;
  const rows = runProgram(reader, header, addresses);
  return { rows, path: (file) => pathOf(sections, unit, header, file) };
}

function readHeader(
  reader: SectionReader,
  unit: Unit,
  offset_bytes: number,
): { readonly header: Header; readonly program: number } {
  const version = reader.u16();
  if (version < 2 || version > 5) throw reader.error(`is of version ${version}`);
  let { address_bytes } = unit;
  if (version === 5) {
    address_bytes = reader.u8();
    reader.skip(1);
  }
  const length = reader.offset(offset_bytes);
  const program = reader.at + length;
  if (!(program <= reader.end)) throw reader.error('ends within a header');
  const instruction_bytes_min = reader.u8();
  if (version >= 4) reader.skip(1);
  reader.skip(1);
  const line_base = reader.i8();
  const line_range = reader.u8();
  if (line_range === 0) throw reader.error('has a line range of 0');
  const opcode_base = reader.u8();
  const operand_counts = Array.from({ length: Math.max(0, opcode_base - 1) }, () => reader.u8());
  const encoding = { version, offset_bytes, address_bytes };
  const tables = version === 5 ? readTables(reader, encoding) : readOldTables(reader);
  return {
    header: { ...encoding, instruction_bytes_min, line_base, line_range, opcode_base, operand_counts, ...tables },
    program,
  };
}

type Tables = Pick<Header, 'directories' | 'files'>;

/** Up to version 4: names that end with an empty one; the first of both has the number 1. */
function readOldTables(reader: SectionReader): Tables {
  const nothing: Text = { section: 'debug_line', at: -1 };
  const directories: Text[] = [nothing];
  const files: Header['files'][number][] = [{ name: nothing, directory: 0 }];
  const name = (): Text | null => {
    checkCount(reader, directories.length + files.length);
    const at = reader.skipText();
    return reader.at === at + 1 ? null : { section: 'debug_line', at };
  };
  for (let each = name(); each !== null; each = name()) directories.push(each);
  for (let each = name(); each !== null; each = name()) {
    files.push({ name: each, directory: reader.uleb() });
    reader.uleb();
    reader.uleb();
  }
  return { directories, files };
}

/** Version 5: both tables say what their entries have; the first has the number 0. */
function readTables(reader: SectionReader, encoding: Encoding): Tables {
  const directories = readTable(reader, encoding).map(({ name }) => name);
  return { directories, files: readTable(reader, encoding) };
}

function readTable(reader: SectionReader, encoding: Encoding): Header['files'] {
  const formats = Array.from({ length: reader.u8() }, () => [reader.uleb(), reader.uleb()] as const);
  const count = reader.uleb();
  checkCount(reader, count);
  const entries: Header['files'][number][] = [];
  for (let i = 0; i < count; i++) {
    let name: Text = { section: 'debug_line', at: -1 };
    let directory = 0;
    reader.budget.spend(1 + formats.length);
    for (const [content, form] of formats) {
      const value = readForm(reader, form, encoding, 0);
      if (content === LineContent.path && value?.is === 'text')
        name = { section: value.section ?? 'debug_line', at: value.number };
      else if (content === LineContent.directory_index && value?.is === 'number') directory = value.number;
    }
    entries.push({ name, directory });
  }
  return entries;
}

function checkCount(reader: SectionReader, count: number): void {
  reader.budget.spend(1);
  if (count > debug_files_max) throw reader.error(`names more than ${debug_files_max} files`);
}

/** An address belongs to the last row at or before it, if the sequence goes on behind it. */
function runProgram(reader: SectionReader, header: Header, addresses: readonly number[]): (Row | null)[] {
  const found: (Row | null)[] = addresses.map(() => null);
  const step = header.instruction_bytes_min;
  let address = 0;
  let file = 1;
  let line = 1;
  let column = 0;
  let before: (Row & { readonly address: number }) | null = null;
  // What the linker dropped begins at 0, where no function does.
  let dropped = false;

  const emit = (): void => {
    reader.budget.spend(1 + (addresses.length >> 3));
    if (before === null) dropped = address === 0;
    else if (!dropped && address > before.address)
      for (let i = 0; i < addresses.length; i++)
        if (addresses[i]! >= before.address && addresses[i]! < address) found[i] ??= before;
    before = { address, file, line, column };
  };
  const reset = (): void => {
    before = null;
    address = column = 0;
    file = line = 1;
  };

  while (reader.left > 0) {
    reader.budget.spend(1);
    const code = reader.u8();
    if (code >= header.opcode_base) {
      const special = code - header.opcode_base;
      address += Math.floor(special / header.line_range) * step;
      line += header.line_base + (special % header.line_range);
      emit();
      continue;
    }
    switch (code) {
      case 0: {
        const length = reader.uleb();
        const next = reader.at + length;
        if (length === 0 || !(next <= reader.end)) throw reader.error('has an instruction of a wrong length');
        const kind = reader.u8();
        if (kind === extended.end_sequence) {
          emit();
          reset();
        } else if (kind === extended.set_address) address = reader.address(length - 1);
        reader.at = next;
        break;
      }
      case op.copy:
        emit();
        break;
      case op.advance_pc:
        address += reader.uleb() * step;
        break;
      case op.advance_line:
        line += reader.sleb();
        break;
      case op.set_file:
        file = reader.uleb();
        break;
      case op.set_column:
        column = reader.uleb();
        break;
      case op.const_add_pc:
        address += Math.floor((255 - header.opcode_base) / header.line_range) * step;
        break;
      case op.fixed_advance_pc:
        address += reader.u16();
        break;
      default:
        for (let i = header.operand_counts[code - 1]!; i > 0; i--) reader.uleb();
    }
  }
  return found;
}

function pathOf(sections: Sections, unit: Unit, header: Header, number: number): string | null {
  const file = header.files[number];
  if (file === undefined || file.name.at < 0) return null;
  const read = ({ section, at }: Text): string => (at < 0 ? '' : sections.open(section, at).text());
  const directory = header.directories[file.directory];
  const compiled_in = textOf(sections, unit, unit.root, Attribute.comp_dir) ?? '';
  const parts = [compiled_in, directory === undefined ? '' : read(directory), read(file.name)];
  return parts.reduce((path, part) => {
    if (part === '' || path === '' || part.startsWith('/') || /^[A-Za-z]:[\\/]/.test(part)) return part || path;
    return `${path.replace(/\/+$/, '')}/${part.replace(/^(?:\.\/)+/, '')}`;
  });
}
