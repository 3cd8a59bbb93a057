import { Form } from './constants.ts';
import type { SectionReader } from './section-reader.ts';
import type { SectionName } from './sections.ts';

/** How a unit writes its values. */
export interface Encoding {
  readonly version: number;
  readonly offset_bytes: number;
  readonly address_bytes: number;
}

/**
 * The value of an attribute as it stands there, with what its form says it is: an index still has to be looked up, once
 * the bases of the unit are known. `text` is a position of a text in a section.
 */
export type Value =
  | { readonly is: 'number' | 'address' | 'address_index' | 'text_index' | 'range_list_index'; readonly number: number }
  | { readonly is: 'reference'; readonly number: number; readonly within_unit: boolean }
  | { readonly is: 'text'; readonly section: SectionName | null; readonly number: number }
  | null;

/** Reads a value in the form `form` (DWARF 5, 7.5.6); null for one that nobody here needs. */
export function readForm(reader: SectionReader, form: number, encoding: Encoding, implicit: number): Value {
  const { offset_bytes } = encoding;
  switch (form) {
    case Form.addr:
      return { is: 'address', number: reader.address(encoding.address_bytes) };
    case Form.data1:
    case Form.flag:
      return { is: 'number', number: reader.u8() };
    case Form.data2:
      return { is: 'number', number: reader.u16() };
    case Form.data4:
      return { is: 'number', number: reader.u32() };
    case Form.data8:
      return { is: 'number', number: reader.u64() };
    case Form.udata:
      return { is: 'number', number: reader.uleb() };
    case Form.sdata:
      return { is: 'number', number: reader.sleb() };
    case Form.implicit_const:
      return { is: 'number', number: implicit };
    case Form.sec_offset:
      return { is: 'number', number: reader.offset(offset_bytes) };
    case Form.string:
      return { is: 'text', section: null, number: reader.skipText() };
    case Form.strp:
      return { is: 'text', section: 'debug_str', number: reader.offset(offset_bytes) };
    case Form.line_strp:
      return { is: 'text', section: 'debug_line_str', number: reader.offset(offset_bytes) };
    case Form.ref1:
      return { is: 'reference', within_unit: true, number: reader.u8() };
    case Form.ref2:
      return { is: 'reference', within_unit: true, number: reader.u16() };
    case Form.ref4:
      return { is: 'reference', within_unit: true, number: reader.u32() };
    case Form.ref8:
      return { is: 'reference', within_unit: true, number: reader.u64() };
    case Form.ref_udata:
      return { is: 'reference', within_unit: true, number: reader.uleb() };
    case Form.ref_addr: {
      // In version 2 it had the size of an address.
      const bytes = encoding.version === 2 ? encoding.address_bytes : offset_bytes;
      return { is: 'reference', within_unit: false, number: reader.offset(bytes) };
    }
    case Form.strx:
      return { is: 'text_index', number: reader.uleb() };
    case Form.strx1:
      return { is: 'text_index', number: reader.u8() };
    case Form.strx2:
      return { is: 'text_index', number: reader.u16() };
    case Form.strx3:
      return { is: 'text_index', number: reader.u24() };
    case Form.strx4:
      return { is: 'text_index', number: reader.u32() };
    case Form.addrx:
      return { is: 'address_index', number: reader.uleb() };
    case Form.addrx1:
      return { is: 'address_index', number: reader.u8() };
    case Form.addrx2:
      return { is: 'address_index', number: reader.u16() };
    case Form.addrx3:
      return { is: 'address_index', number: reader.u24() };
    case Form.addrx4:
      return { is: 'address_index', number: reader.u32() };
    case Form.rnglistx:
      return { is: 'range_list_index', number: reader.uleb() };
    case Form.indirect: {
      const inner = reader.uleb();
      if (inner === Form.indirect || inner === Form.implicit_const)
        throw reader.error(`has a form ${inner} in another`);
      return readForm(reader, inner, encoding, 0);
    }
    default:
      skipForm(reader, form, encoding);
      return null;
  }
}

/** Steps over a value whose form says nothing that is needed. */
function skipForm(reader: SectionReader, form: number, { offset_bytes }: Encoding): void {
  switch (form) {
    case Form.flag_present:
      return;
    case Form.block1:
      reader.skip(reader.u8());
      return;
    case Form.block2:
      reader.skip(reader.u16());
      return;
    case Form.block4:
      reader.skip(reader.u32());
      return;
    case Form.block:
    case Form.exprloc:
      reader.skip(reader.uleb());
      return;
    case Form.data16:
      reader.skip(16);
      return;
    case Form.ref_sig8:
    case Form.ref_sup8:
      reader.skip(8);
      return;
    case Form.ref_sup4:
      reader.skip(4);
      return;
    case Form.strp_sup:
      reader.skip(offset_bytes);
      return;
    case Form.loclistx:
      reader.uleb();
      return;
    default:
      throw reader.error(`has a value of the unknown form 0x${form.toString(16)}`);
  }
}
