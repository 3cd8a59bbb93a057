import assert from 'node:assert/strict';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { actingAs, close, openTerminal, pipe, read, setStatusFlags, statusFlags, O, write } from '../../os/index.ts';
import { filetype } from '../../wasi/index.ts';
import { outcome, temporaryFolder } from '../testing.ts';
import { HostFile, standardFile } from './host-file.ts';

const flags = { append: false, nonblock: false, dsync: false, sync: false };

function fileOf(text: string): { file: HostFile; path: string } {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, text);
  return { file: standardFile(openSync(path, 'r+')), path };
}

test('reads and writes go over several buffers, and end where the file ends', () => {
  const { file, path } = fileOf('0123456789');
  const into = [Buffer.alloc(4), Buffer.alloc(0), Buffer.alloc(4), Buffer.alloc(4)];
  assert.equal(file.read(into), 10);
  assert.equal(Buffer.concat(into).toString('utf8', 0, 10), '0123456789');
  assert.equal(file.read(into), 0);
  assert.equal(file.read([]), 0);
  assert.equal(file.seek(-2n, 2), 8n);
  assert.equal(file.write([Buffer.from('ab'), Buffer.from('cd')]), 4);
  assert.equal(file.pread(into, 7n), 5);
  assert.equal(file.pwrite([Buffer.from('X'), Buffer.from('Y')], 0n), 2);
  assert.equal(file.seek(0n, 1), 12n);
  assert.equal(readFileSync(path, 'utf8'), 'XY234567abcd');
  const large = [Buffer.alloc(70_000, 'l'), Buffer.alloc(70_000, 'm')];
  assert.equal(file.pwrite(large, 0n), 140_000);
  const back = [Buffer.alloc(70_000), Buffer.alloc(70_000)];
  file.seek(0n, 0);
  assert.equal(file.read(back), 140_000);
  assert.deepEqual(back, large);
  file.close();
  file.close();
});

test('append goes to the end and can be switched on and off', () => {
  const { file, path } = fileOf('start');
  file.setFlags({ ...flags, append: true, sync: true });
  file.write([Buffer.from('+end')]);
  file.setFlags({ ...flags, dsync: true });
  file.seek(0n, 0);
  file.write([Buffer.from('S')]);
  assert.equal(readFileSync(path, 'utf8'), 'Start+end');
});

test('size, space and times to the nanosecond', () => {
  const { file } = fileOf('x');
  file.setSize(10n);
  assert.equal(file.stat().size, 10n);
  file.allocate(0n, 100n);
  assert.equal(file.stat().size, 100n);
  file.setTimes({ atim: 3n, mtim: 1_234_567_890_123_456_789n });
  assert.equal(file.stat().mtim, 1_234_567_890_123_456_789n);
  assert.equal(file.stat().atim, 3n);
  assert.equal(
    outcome(() => file.setSize(1n << 63n)),
    'FBIG',
  );
  assert.equal(
    outcome(() => file.seek(-1n, 0)),
    'INVAL',
  );
});

test('times that this process may not set are set by who may', () => {
  const asked: unknown[] = [];
  const fd = openSync('/etc/passwd', 'r');
  const file = new HostFile(fd, { type: filetype.regular_file, setTimes: (times) => asked.push(times) });
  actingAs({ uid: 4321, gid: 4321, groups: [] }, () => file.setTimes({ mtim: 1n }));
  assert.deepEqual(asked, [{ mtim: 1n }]);
  assert.equal(
    outcome(() => new HostFile(fd, { type: filetype.regular_file, read_only: true }).setTimes({ mtim: 1n })),
    'ROFS',
  );
});

test('a pipe gives what is there, has no offset, and says AGAIN only to who asked for it', () => {
  const { reader, writer } = pipe();
  const file = standardFile(reader);
  assert.deepEqual([file.type, file.seekable, file.terminal], [filetype.unknown, false, false]);
  write(writer, Buffer.from('abc'));
  const into = [Buffer.alloc(2), Buffer.alloc(10)];
  assert.equal(file.read(into), 3);
  assert.equal(into[0]!.toString() + into[1]!.toString('utf8', 0, 1), 'abc');
  assert.equal(
    outcome(() => file.seek(0n, 1)),
    'SPIPE',
  );
  assert.equal(
    outcome(() => file.pread(into, 0n)),
    'SPIPE',
  );
  file.setFlags({ ...flags, nonblock: true });
  assert.equal(
    outcome(() => file.read(into)),
    'AGAIN',
  );
  close(writer);
  assert.equal(file.read(into), 0);
  const broken = pipe();
  close(broken.reader);
  assert.equal(
    outcome(() => standardFile(broken.writer).write([Buffer.from('x')])),
    'PIPE',
  );
});

test('a line in two pieces is one write, and a full pipe that somebody made nonblocking is waited for', () => {
  const { reader, writer } = pipe();
  const file = standardFile(writer);
  assert.equal(file.write([Buffer.from('one '), Buffer.from('line\n')]), 9);
  const got = Buffer.alloc(100);
  assert.equal(read(reader, got), 9);
  setStatusFlags(writer, statusFlags(writer) | O.NONBLOCK);
  assert.equal(file.write([Buffer.alloc(65_536)]), 65_536);
  file.setFlags({ ...flags, nonblock: true });
  assert.equal(
    outcome(() => file.write([Buffer.from('x')])),
    'AGAIN',
  );
});

test('a terminal is one', () => {
  const { master, slave } = openTerminal();
  const file = standardFile(slave);
  assert.deepEqual([file.type, file.seekable, file.terminal], [filetype.character_device, false, true]);
  close(master);
  const nothing = standardFile(openSync('/dev/null', 'r+'));
  assert.deepEqual([nothing.type, nothing.terminal], [filetype.character_device, false]);
  assert.equal(
    outcome(() => standardFile(9999)),
    'BADF',
  );
});
