import assert from 'node:assert/strict';
import { test } from 'node:test';

import { provides } from './index.ts';
import { TestShell } from './testing.ts';

/** Scripts with what they print and how they end. */
const scripts: readonly (readonly [script: string, out: string, status?: number])[] = [
  ['echo hello   world', 'hello world\n'],
  ['echo \'a  b\' "c  $HOME" d\\ e', 'a  b c  /root d e\n'],
  ['a=1; b="x $a"; echo "$b" ${b} ${#b}', 'x 1 x 1 3\n'],
  ['echo ${a:-none} ${a-x} ${HOME:+set} ${a:=new} $a', 'none x set new new\n'],
  ['f=/a/b.tar.gz; echo ${f##*/} ${f%.*} ${f%%.*} ${f#/a}', 'b.tar.gz /a/b.tar /a/b /b.tar.gz\n'],
  ['echo $((1 + 2 * 3)) $((0x10 / 3)) $((5 > 3 && 2)) $((-7 % 3))', '7 5 1 -1\n'],
  ['i=0; while [ $i -lt 3 ]; do i=$((i+1)); echo -n "$i "; done; echo', '1 2 3 \n'],
  ['for x in a "b c" d; do echo "<$x>"; done', '<a>\n<b c>\n<d>\n'],
  ['for x in 1 2 3 4; do [ $x = 2 ] && continue; [ $x = 4 ] && break; echo $x; done', '1\n3\n'],
  ['if false; then echo a; elif true; then echo b; else echo c; fi', 'b\n'],
  ['case foo.txt in *.md) echo md;; a|*.txt) echo txt;; *) echo other;; esac', 'txt\n'],
  ['true && echo yes || echo no; false && echo yes || echo no', 'yes\nno\n'],
  ['! false && echo inverted', 'inverted\n'],
  ['f() { echo "$1-$#"; return 3; }; f a b; echo $?', 'a-2\n3\n'],
  ['f() { local v=in; echo $v; }; v=out; f; echo $v', 'in\nout\n'],
  ['(cd /tmp; pwd); pwd', '/tmp\n/\n'],
  ['x=$(echo a; echo b); echo "$x"; echo `echo in`', 'a\nb\nin\n'],
  ['set -- a b c; shift; echo $# "$@" "$*"', '2 b c b c\n'],
  ['set -- "a b" c; for x; do echo "[$x]"; done', '[a b]\n[c]\n'],
  ['cat <<END\nhome $HOME\nEND', 'home /root\n'],
  ["cat <<'END'\nhome $HOME\nEND", 'home $HOME\n'],
  ['echo a > /tmp/f; echo b >> /tmp/f; cat < /tmp/f; wc -l < /tmp/f', 'a\nb\n2\n'],
  ['echo err >&2; echo out 2>&1 | cat', 'out\n'],
  ['{ echo a; echo b; } | grep b', 'b\n'],
  ['printf "%s=%d %05.1f %x|" a 5 1.5 255 b 6 2 16; echo', 'a=5 001.5 ff|b=6 002.0 10|\n'],
  ['echo "1 2 3" | while read a b; do echo "$b/$a"; done', '2 3/1\n'],
  ['exit 5', '', 5],
  ['set -e; false; echo never', '', 1],
  ['set -e; if false; then :; fi; false || true; echo on', 'on\n'],
  ['nope; echo $?', '127\n'],
  ['eval "echo a b"; type cd; command -v ls', 'a b\ncd is a builtin\nls\n'],
  ['unset HOME; echo "<$HOME>"; export A=1; env | grep ^A=', '<>\nA=1\n'],
  ['A=2 env | grep A=; echo "<$A>"', 'A=2\n<>\n'],
  ['test -d /tmp && test ! -f /tmp && [ 3 -gt 2 -a x != y ] && echo holds', 'holds\n'],
  ['sh -c "echo inner \\$0 \\$1" name arg', 'inner name arg\n'],
  ['echo $(seq 3) | tr " " "\\n" | sort -r | head -2', '3\n2\n'],
];

for (const [script, out, status = 0] of scripts)
  test(`sh -c ${JSON.stringify(script)}`, () => {
    const ran = new TestShell().run(script);
    assert.deepEqual([ran.out, ran.status], [out, status], ran.err);
  });

test('names are matched in the order of the alphabet, and a pattern without any stays', () => {
  const shell = new TestShell({ '/d/b.txt': '', '/d/a.txt': '', '/d/.hidden': '', '/d/sub/c.txt': '' });
  assert.equal(shell.run('cd /d; echo *.txt */*.txt [ab]* "*" *.md').out, 'a.txt b.txt sub/c.txt a.txt b.txt * *.md\n');
  assert.equal(shell.run('echo /d/*').out, '/d/a.txt /d/b.txt /d/sub\n');
});

test('programs of the image come before the shell’s tools, and take part in pipelines', () => {
  const shell = new TestShell({
    '/bin/app.wasm': '\0asm',
    '/bin/ls': '\0asm',
    '/bin/script': '#!/bin/sh\necho "<$1>"',
  });
  assert.equal(shell.run('echo in | X=1 app a b').out, 'app a b X [in\n]\n');
  assert.equal(shell.run('ls /tmp; echo $?').out, 'ls /tmp []\n7\n');
  assert.equal(shell.run('script x | cat').out, '<x>\n');
  assert.deepEqual(shell.calls, [
    ['app', 'a', 'b'],
    ['ls', '/tmp'],
  ]);
});

test('a script on stdin is run line by line, and what it reads is the rest', () => {
  const ran = new TestShell().call(
    ['sh'],
    'echo one\nread x\nline for x\necho "got $x"\nif true\nthen echo two\nfi\nexit 3\necho no',
  );
  assert.deepEqual(ran, { status: 3, out: 'one\ngot line for x\ntwo\n', err: '' });
});

test('what is no script is told of with status 2', () => {
  for (const script of ['if true', 'echo "a', 'done', 'a |', '(echo', 'sleep 1 &', 'case x in', 'cat <<E']) {
    const ran = new TestShell().run(script);
    assert.equal(ran.status, 2, script);
    assert.match(ran.err, /^sh: /, script);
  }
});

test('what goes on without end is ended, in words', () => {
  assert.match(new TestShell().run('f() { f; }; f').err, /too deeply/);
  assert.match(new TestShell().run('yes | head -1').err, /67108864 bytes are its most/);
  assert.equal(new TestShell().run(`${'('.repeat(1000)}echo${')'.repeat(1000)}`).status, 2);
  assert.match(new TestShell().run('a=b; b=a; echo $((a))').err, /without end/);
});

test('it is asked for by its names, and by those of its tools where programs usually are', () => {
  for (const name of ['sh', '/bin/sh', 'bash', '/usr/bin/env', 'ls', '/bin/ls', 'echo', 'wherry-sh'])
    assert.ok(provides(name), name);
  for (const name of ['nope', './sh', '/opt/sh', '/module.wasm', '']) assert.ok(!provides(name), name);
  assert.deepEqual(new TestShell().call(['/bin/echo', 'a']), { status: 0, out: 'a\n', err: '' });
  assert.equal(new TestShell().call(['false']).status, 1);
});
