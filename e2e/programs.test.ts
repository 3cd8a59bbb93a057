/** Real programs from images: CPython, SQLite, QuickJS, Ruby and PHP, as somebody would use them. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { checkout, type Daemon, startDaemon } from './daemon.ts';
import { temporaryFolder } from './folder.ts';

const piped_bytes = 50 * 1000 * 1000;

let daemon: Daemon;
/** A folder of the host that containers work on. */
let work: string;

before(async () => {
  daemon = await startDaemon();
  for (const name of ['python', 'sqlite', 'quickjs', 'ruby', 'php']) {
    const folder = join(checkout, 'examples', name);
    execFileSync('sh', [join(folder, 'make.sh')], { stdio: ['ignore', 'ignore', 'inherit'] });
    await daemon.ok(['load', '-i', join(folder, `${name}.tar`)]);
  }
  work = temporaryFolder('work-');
});

after(async () => {
  await daemon?.stop();
  if (work !== undefined) rmSync(work, { recursive: true, force: true });
});

function script(name: string, text: string): string {
  writeFileSync(join(work, name), text);
  return name;
}

const in_work = (): string[] => ['-v', `${work}:/work`, '-w', '/work'];

/** 50 MB that no two places of are alike, their checksum, and a `docker run` that pipes them. */
async function pipe(args: readonly string[]): Promise<{ given: string; got: string; bytes: number; stderr: string }> {
  const input = Buffer.alloc(piped_bytes);
  for (let at = 0, value = 1; at + 4 <= piped_bytes; at += 4) {
    value = (Math.imul(value, 1664525) + 1013904223) >>> 0;
    input.writeUInt32LE(value, at);
  }
  const hash = createHash('sha256');
  let bytes = 0;
  const { code, stderr } = await daemon.docker(['run', '--rm', '-i', ...args], {
    input,
    onOutput: (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
    },
    ms_max: 300_000,
  });
  assert.equal(code, 0, stderr);
  return { given: createHash('sha256').update(input).digest('hex'), got: hash.digest('hex'), bytes, stderr };
}

test('python: json, csv, re, hashlib and more of its standard library', async () => {
  const name = script(
    'library.py',
    `import collections, csv, datetime, decimal, hashlib, io, itertools, json, re, sys, textwrap, zlib
rows = list(csv.DictReader(sys.stdin))
total = sum(decimal.Decimal(row['price']) * int(row['count']) for row in rows)
words = re.findall(r'[a-z]+', ' '.join(row['name'] for row in rows))
print(json.dumps({
  'total': str(total),
  'words': words,
  'most': collections.Counter(words).most_common(1),
  'sha': hashlib.sha256(b'wherry').hexdigest(),
  'zlib': zlib.decompress(zlib.compress(b'x' * 1000)) == b'x' * 1000,
  'pairs': list(itertools.combinations('abc', 2)),
  'day': datetime.date(2026, 1, 31).strftime('%A'),
  'args': sys.argv[1:],
}, sort_keys=True))
`,
  );
  const csv = 'name,price,count\ntea cup,1.10,3\ntea,2.20,2\n';
  const out = await daemon.ok(['run', '--rm', '-i', ...in_work(), 'python', name, 'a b', 'c'], { input: csv });
  assert.deepEqual(JSON.parse(out), {
    total: '7.70',
    words: ['tea', 'cup', 'tea'],
    most: [['tea', 2]],
    sha: createHash('sha256').update('wherry').digest('hex'),
    zlib: true,
    pairs: [
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'c'],
    ],
    day: 'Saturday',
    args: ['a b', 'c'],
  });
});

test('python: a file written on a volume by one container is read by the next', async () => {
  await daemon.ok(['volume', 'create', 'shelf']);
  const write = "import os; os.makedirs('/shelf/deep/er'); open('/shelf/deep/er/note', 'w').write('kept')";
  await daemon.ok(['run', '--rm', '-v', 'shelf:/shelf', 'python', '-c', write]);
  const read = "print(open('/shelf/deep/er/note').read())";
  assert.equal(await daemon.ok(['run', '--rm', '-v', 'shelf:/shelf', 'python', '-c', read]), 'kept\n');
});

test('python: exit codes and tracebacks arrive', async () => {
  for (const code of [0, 3, 255]) {
    const ended = await daemon.docker(['run', '--rm', 'python', '-c', `import sys; sys.exit(${code})`]);
    assert.equal(ended.code, code);
  }
  const { code, stderr } = await daemon.docker(['run', '--rm', 'python', '-c', '1 / 0']);
  assert.equal(code, 1);
  assert.match(stderr, /ZeroDivisionError/);
});

test('python: 50 MB through stdin to stdout', async () => {
  const program = `import hashlib, sys
h = hashlib.sha256()
while chunk := sys.stdin.buffer.read(1 << 16):
  h.update(chunk)
  sys.stdout.buffer.write(chunk)
sys.stdout.buffer.flush()
print(h.hexdigest(), file=sys.stderr)`;
  const { given, got, bytes, stderr } = await pipe(['python', '-c', program]);
  assert.equal(bytes, piped_bytes);
  assert.equal(got, given);
  assert.equal(stderr.trim(), given);
});

test('sqlite: tables, queries and an import', async () => {
  const sql = `create table boat(name text, length_m real);
insert into boat values ('wherry', 17.5), ('punt', 7.3), ('skiff', 5);
create index by_length on boat(length_m);
select name from boat where length_m > 6 order by length_m;
select group_concat(name, '+') from boat;
with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) select sum(i) from n;
`;
  const out = await daemon.ok(['run', '--rm', '-i', 'sqlite'], { input: sql });
  assert.equal(out, 'punt\nwherry\nwherry+punt+skiff\n5000050000\n');
});

test('sqlite: a database on a volume outlives its container', async () => {
  await daemon.ok(['volume', 'create', 'db']);
  const on_volume = ['run', '--rm', '-v', 'db:/db', 'sqlite', '/db/boats.sqlite'];
  await daemon.ok([...on_volume, 'create table t(x); begin; insert into t values (1), (2), (3); commit;']);
  await daemon.ok([...on_volume, 'begin; delete from t where x = 1; commit; vacuum;']);
  assert.equal(await daemon.ok([...on_volume, 'select sum(x), count(*) from t;']), '5|2\n');
});

test('sqlite: a statement that fails is told by the exit code', async () => {
  const { code, stderr } = await daemon.docker(['run', '--rm', 'sqlite', ':memory:', 'select * from nowhere']);
  assert.equal(code, 1);
  assert.match(stderr, /no such table: nowhere/);
});

test('quickjs: the language, files and modules', async () => {
  script('lib.js', 'export const twice = (x) => 2 * x;\n');
  const name = script(
    'main.js',
    `import { twice } from './lib.js';
const text = JSON.stringify([..."wherry"].map((c) => c.codePointAt(0)).map(twice));
const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
print(text);
print(fib(20), new Map([[1, 'one']]).get(1), 2n ** 100n);
Promise.resolve('later').then(print);
`,
  );
  const out = await daemon.ok(['run', '--rm', ...in_work(), 'quickjs', name]);
  assert.equal(out, '[238,208,202,228,228,242]\n6765 one 1267650600228229401496703205376\nlater\n');
});

test('ruby: its core library, a script and files of the host', async () => {
  const name = script(
    'main.rb',
    `lines = STDIN.each_line.map(&:chomp)
File.write('/work/sorted.txt', lines.sort.join("\\n"))
puts lines.group_by(&:size).map { |size, words| "#{size}: #{words.join(',')}" }
puts (1..20).reduce(:*), 'wherry'[/e(.)r/, 1].inspect, 3.14.rationalize(Rational(1, 100))
warn "args: #{ARGV.inspect}"
exit 7
`,
  );
  const ended = await daemon.docker(['run', '--rm', '-i', ...in_work(), 'ruby', '--disable-gems', name, 'x y'], {
    input: 'oar\nhull\nkeel\nbow\n',
  });
  assert.equal(ended.stdout.toString(), '3: oar,bow\n4: hull,keel\n2432902008176640000\n"r"\n22/7\n');
  assert.equal(ended.stderr, 'args: ["x y"]\n');
  assert.equal(ended.code, 7);
  assert.equal(readFileSync(join(work, 'sorted.txt'), 'utf8'), 'bow\nhull\nkeel\noar');
});

test('ruby: 50 MB through stdin to stdout', async () => {
  const program = '$stdin.binmode; $stdout.binmode; while (chunk = $stdin.read(65536)); $stdout.write(chunk); end';
  const { given, got, bytes } = await pipe(['ruby', '--disable-gems', '-e', program]);
  assert.equal(bytes, piped_bytes);
  assert.equal(got, given);
});

test('php: its library, a script and files of the host', async () => {
  const name = script(
    'main.php',
    `<?php
$data = json_decode('{"oars": 2, "crew": ["ann", "bo"]}', true);
file_put_contents('/work/from-php.txt', strtoupper(implode(',', $data['crew'])));
echo preg_replace('/(\\w+)/', '<$1>', 'two oars'), "\\n";
echo hash('sha256', 'wherry'), "\\n", array_sum(range(1, 100)), "\\n";
exit(4);
`,
  );
  const ended = await daemon.docker(['run', '--rm', ...in_work(), 'php', name]);
  assert.equal(
    ended.stdout.toString(),
    `<two> <oars>\n${createHash('sha256').update('wherry').digest('hex')}\n5050\n`,
    ended.stderr,
  );
  assert.equal(ended.code, 4);
  assert.equal(readFileSync(join(work, 'from-php.txt'), 'utf8'), 'ANN,BO');
});
