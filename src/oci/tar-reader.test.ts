import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { LayerError, TarReader, type TarEntry } from './index.ts';
import { concat, makeTar, type Member, paxRecord, sign } from './testdata/make-tar.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

function read(bytes: Uint8Array, pieceLength: number = bytes.length): TarEntry[] {
  const entries: TarEntry[] = [];
  const reader = new TarReader((entry) => entries.push(entry));
  for (let at = 0; at < bytes.length; at += pieceLength) reader.write(bytes.subarray(at, at + pieceLength));
  reader.end();
  return entries;
}

function refusal(bytes: Uint8Array): LayerError {
  try {
    read(bytes);
  } catch (error) {
    assert.ok(error instanceof LayerError, String(error));
    return error;
  }
  return assert.fail('was read');
}

const members: Member[] = [
  { name: './dir/', flag: '5', mode: 0o750, uid: 7, gid: 8, mtime: 1_600_000_000 },
  { name: 'dir/file', data: 'hello', mode: 0o4755 },
  { name: 'dir/empty' },
  { name: 'link', flag: '2', link: 'dir/file' },
  { name: 'hard', flag: '1', link: 'dir/file' },
  { name: 'null', flag: '3' },
  { name: 'fifo', flag: '6' },
  { name: 'end', data: new Uint8Array(1024) },
];

test('entries come with their metadata and the place of their data, whatever the length of the pieces', () => {
  const tar = makeTar(members);
  const whole = read(tar);
  assert.deepEqual(
    whole.map((e) => [text(e.name), e.type, e.size, e.offset]),
    [
      ['./dir/', 1, 0, 0],
      ['dir/file', 2, 5, 1024],
      ['dir/empty', 2, 0, 2048],
      ['link', 3, 0, 0],
      ['hard', 8, 0, 0],
      ['null', 4, 0, 0],
      ['fifo', 6, 0, 0],
      ['end', 2, 1024, 4608],
    ],
  );
  assert.equal(text(tar.subarray(1024, 1029)), 'hello');
  assert.deepEqual([whole[0]!.mode, whole[0]!.uid, whole[0]!.gid, whole[0]!.mtime_s], [0o750, 7, 8, 1_600_000_000]);
  assert.equal(whole[1]!.mode, 0o4755);
  assert.equal(text(whole[3]!.link), 'dir/file');
  for (const length of [1, 7, 511, 512, 513, 1000]) assert.deepEqual(read(tar, length), whole);
});

test('long names: ustar prefix, pax and GNU', () => {
  const long = `${'d'.repeat(120)}/${'f'.repeat(90)}`;
  const tar = makeTar([
    { name: 'f'.repeat(90), prefix: 'd'.repeat(120) },
    { name: 'short', pax: { path: long } },
    { name: '././@LongLink', flag: 'L', data: `${long}\0` },
    { name: 'short', gnu: true, prefix: 'not a prefix' },
    { name: '././@LongLink', flag: 'K', data: `${long}\0` },
    { name: 'link', flag: '2', link: 'short', gnu: true },
    { name: 'paxlink', flag: '2', link: 'short', pax: { linkpath: long } },
  ]);
  const entries = read(tar);
  assert.deepEqual(
    entries.map((e) => text(e.name)),
    [long, long, long, 'link', 'paxlink'],
  );
  assert.deepEqual(
    entries.slice(3).map((e) => text(e.link)),
    [long, long],
  );
});

test('pax gives times to the nanosecond, owners, and only attributes that layers may carry', () => {
  const [entry, old] = read(
    makeTar([
      {
        name: 'a',
        pax: {
          mtime: '1700000000.123456789012',
          uid: '3000000000',
          'SCHILY.xattr.user.note': 'n',
          'SCHILY.xattr.security.capability': 'c',
          'SCHILY.xattr.trusted.overlay.opaque': 'y',
          'SCHILY.xattr.user.wherry.owner': '0',
        },
      },
      { name: 'b', pax: { mtime: '-1.25' } },
    ]),
  );
  assert.deepEqual([entry!.mtime_s, entry!.mtime_nsec, entry!.uid], [1_700_000_000, 123_456_789, 3_000_000_000]);
  assert.deepEqual([...(entry!.xattrs?.keys() ?? [])], ['user.note', 'security.capability']);
  assert.deepEqual([old!.mtime_s, old!.mtime_nsec], [-2, 750_000_000]);
});

test('base-256 sizes are read, negative and giant ones refused', () => {
  const size = new Uint8Array(12);
  size.set([0x80], 0);
  size.set([2, 0], 10);
  assert.equal(read(makeTar([{ name: 'a', data: new Uint8Array(512), size }]))[0]!.size, 512);
  assert.match(refusal(makeTar([{ name: 'a', size: new Uint8Array(12).fill(0xff) }])).message, /size.*negative/);
  assert.match(refusal(makeTar([{ name: 'a', size: new Uint8Array(12).fill(0xbf) }])).message, /size.*too large/);
});

test('a pax size that contradicts the header is refused, one that does not fit there is taken', () => {
  const error = refusal(makeTar([{ name: 'a', data: 'x', pax: { size: '0' } }]));
  assert.equal(error.class, 'InvalidArgument');
  assert.equal(error.entry, 'a');
  assert.match(error.message, /pax header says 0 bytes, its tar header 1/);
  const large = makeTar([{ name: 'a', size: 0, pax: { size: '9000000000' } }], false);
  assert.match(refusal(large).message, /cut off/);
});

test('what tar programs read in different ways is refused', () => {
  const cases: [string, Uint8Array, RegExp][] = [
    ['checksum', makeTar(members).map((byte, i) => (i === 0 ? byte + 1 : byte)), /checksum/],
    ['not a tar', new TextEncoder().encode('{"json":true}'.padEnd(600)), /checksum/],
    ['cut off in data', makeTar([{ name: 'a', data: 'hello' }], false).subarray(0, 515), /cut off/],
    ['cut off in a header', makeTar([{ name: 'a' }], false).subarray(0, 100), /cut off/],
    ['data on a directory', makeTar([{ name: 'a', flag: '5', data: 'x' }]), /no file/],
    ['data on a symlink', makeTar([{ name: 'a', flag: '2', link: 'b', data: 'x' }]), /no file/],
    ['old sparse', makeTar([{ name: 'a', flag: 'S', gnu: true }]), /sparse/],
    ['pax sparse', makeTar([{ name: 'a', pax: { 'GNU.sparse.major': '1' } }]), /sparse/],
    ['multi-volume', makeTar([{ name: 'a', flag: 'M' }]), /type flag is "M"/],
    ['no name', makeTar([{ name: '' }]), /no name/],
    [
      'two pax headers',
      makeTar([
        { name: 'x', flag: 'x' },
        { name: 'a', pax: { path: 'b' } },
      ]),
      /two pax headers/,
    ],
    ['pax before the end', makeTar([{ name: 'x', flag: 'x', data: paxRecord('path', 'b') }]), /no entry/],
    ['pax with NUL', makeTar([{ name: 'a', pax: { path: 'b\0c' } }]), /NUL/],
    ['pax length', makeTar([{ name: 'x', flag: 'x', data: '99 path=b\n' }, { name: 'a' }]), /malformed/],
    ['pax number', makeTar([{ name: 'a', pax: { size: '-1' } }]), /whole number/],
    ['global path', makeTar([{ name: 'g', flag: 'g', data: paxRecord('path', 'b') }, { name: 'a' }]), /global/],
    [
      'pax and GNU names',
      makeTar([
        { name: 'L', flag: 'L', data: 'c\0' },
        { name: 'a', pax: { path: 'b' } },
      ]),
      /two different names/,
    ],
    [
      'zero block between',
      concat([makeTar([{ name: 'a' }], false), new Uint8Array(512), makeTar([{ name: 'b' }])]),
      /zero block/,
    ],
    ['pax header of 1 PiB', makeTar([{ name: 'x', flag: 'x', size: 0o100_0000_0000 }]), /extended header has more/],
  ];
  for (const [name, tar, message] of cases) assert.match(refusal(tar).message, message, name);
});

test('a tar may end with its last entry or be followed by anything after two zero blocks', () => {
  assert.equal(read(makeTar(members, false)).length, members.length);
  assert.equal(read(concat([makeTar(members), new Uint8Array(300).fill(9)])).length, members.length);
  assert.equal(read(makeTar([{ name: 'g', flag: 'g', data: paxRecord('comment', 'abc') }, { name: 'a' }])).length, 1);
});

test('a tar longer than the limit is refused before its data are there', () => {
  const reader = new TarReader(() => undefined, { bytes_max: 4096 });
  const header = makeTar([{ name: 'a', size: 5000 }], false);
  assert.throws(() => reader.write(header), { name: 'LayerError', class: 'ResourceExhausted' });
});

test('whatever bytes come, only LayerErrors come out', () => {
  const base = makeTar([...members, { name: 'p', data: 'x', pax: { path: 'long', size: '1', mtime: '1.5' } }]);
  const change = fc.record({ at: fc.nat(base.length - 1), byte: fc.nat(255) });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 12 }), fc.boolean(), fc.nat(4), (changes, signed, cut) => {
      const bytes = base.slice(0, cut === 0 ? changes[0]!.at : base.length);
      for (const { at, byte } of changes) if (at < bytes.length) bytes[at] = byte;
      if (signed) for (let at = 0; at + 512 <= bytes.length; at += 512) if (bytes[at + 257] === 0x75) sign(bytes, at);
      try {
        read(bytes, 700);
      } catch (error) {
        assert.ok(error instanceof LayerError, String(error));
      }
    }),
    { numRuns: 3000 },
  );
});
