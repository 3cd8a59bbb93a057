import assert from 'node:assert/strict';
import { test } from 'node:test';

import { entryType } from './layer-index-format.ts';
import type { TarEntry } from './tar-entry.ts';
import { TarReader } from './tar-reader.ts';
import { type NewTarEntry, tarEntryHeader } from './tar-entry-writer.ts';
import { tarEnd, tarPadding } from './tar-writer.ts';

function readBack(entries: readonly { readonly entry: NewTarEntry; readonly data?: Uint8Array }[]): TarEntry[] {
  const found: TarEntry[] = [];
  const reader = new TarReader((entry) => void found.push(entry));
  for (const { entry, data = new Uint8Array() } of entries) {
    reader.write(tarEntryHeader(entry));
    reader.write(data);
    reader.write(tarPadding(data.length));
  }
  reader.write(tarEnd);
  reader.end();
  return found;
}

const plain = { mode: 0o644, uid: 1, gid: 2, mtime_s: 1_000_000 } as const;

test('what is written is read again', () => {
  const long = Buffer.from(`${'d/'.repeat(100)}f`);
  const binary = Buffer.from([0x66, 0xff, 0xfe]);
  const data = Buffer.alloc(700, 1);
  const found = readBack([
    { entry: { ...plain, name: Buffer.from('dir/'), type: entryType.directory, mode: 0o1777 } },
    { entry: { ...plain, name: long, type: entryType.file, size: 700, xattrs: new Map([['user.a', binary]]) }, data },
    { entry: { ...plain, name: binary, type: entryType.symlink, link: long } },
    { entry: { ...plain, name: Buffer.from('link'), type: entryType.hardlink, link: long } },
    { entry: { ...plain, name: Buffer.from('null'), type: entryType.characterDevice, device: { major: 1, minor: 3 } } },
    {
      entry: {
        ...plain,
        name: Buffer.from('far'),
        type: entryType.fifo,
        uid: 4_000_000_000,
        gid: 3_000_000,
        mtime_s: -5,
      },
    },
  ]);
  assert.deepEqual(
    found.map(({ name, type, mode, uid, gid, size, mtime_s }) => [
      Buffer.from(name).toString('latin1').slice(0, 6),
      type,
      mode,
      uid,
      gid,
      size,
      mtime_s,
    ]),
    [
      ['dir/', entryType.directory, 0o1777, 1, 2, 0, 1_000_000],
      ['d/d/d/', entryType.file, 0o644, 1, 2, 700, 1_000_000],
      ['f\xff\xfe', entryType.symlink, 0o644, 1, 2, 0, 1_000_000],
      ['link', entryType.hardlink, 0o644, 1, 2, 0, 1_000_000],
      ['null', entryType.characterDevice, 0o644, 1, 2, 0, 1_000_000],
      ['far', entryType.fifo, 0o644, 4_000_000_000, 3_000_000, 0, -5],
    ],
  );
  assert.deepEqual(Buffer.from(found[1]!.name), long);
  assert.deepEqual(Buffer.from(found[1]!.xattrs!.get('user.a')!), binary);
  assert.deepEqual(Buffer.from(found[2]!.link), long);
  assert.equal(found[4]!.offset, 2 ** 20 + 3);
});
