import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TestShell } from './testing.ts';

const text = 'pear 3\napple 10\nfig 2\napple 10\n';
const files = {
  '/t': text,
  '/d/a.txt': 'alpha\n',
  '/d/sub/b.txt': 'Beta\nalphabet\n',
  '/etc/passwd': 'me:x:1000:100::/:\n',
};

/** Commands with what they print over those files. */
const commands: readonly (readonly [command: string, out: string, status?: number])[] = [
  ['cat /t - ', `${text}typed\n`],
  ['cat -n /d/a.txt', '     1\talpha\n'],
  ['head -n 1 /t; tail -n 1 /t; tail -n +4 /t', 'pear 3\napple 10\napple 10\n'],
  ['head -c 4 /t', 'pear'],
  ['wc /t; wc -l < /t', '        4         8        31 /t\n4\n'],
  ['sort /t', 'apple 10\napple 10\nfig 2\npear 3\n'],
  ['sort -u -k2 -n -r /t', 'apple 10\npear 3\nfig 2\n'],
  ['sort /t | uniq -c', '      2 apple 10\n      1 fig 2\n      1 pear 3\n'],
  ['cut -d " " -f 2 /t | tr "\\n" ,', '3,10,2,10,'],
  ['cut -c 1-2,4 /t | head -1', 'per\n'],
  ['echo HeLLo | tr A-Z a-z | tr -d l | rev', 'oeh\n'],
  ['echo aabbc | tr -s ab', 'abc\n'],
  ['grep -n "^a" /t', '2:apple 10\n4:apple 10\n'],
  ['grep -c apple /t; grep -v apple /t', '2\npear 3\nfig 2\n'],
  ['grep -E "(fig|pear) [0-9]+" /t', 'pear 3\nfig 2\n'],
  ['grep "p\\{2\\}" /t | head -1; grep -o "[0-9][0-9]*" /t | head -1', 'apple 10\n3\n'],
  ['grep -ri ALPHA /d', '/d/a.txt:alpha\n/d/sub/b.txt:alphabet\n'],
  ['grep -q nothing /t; echo $?; grep x /none; echo $?', '1\n2\n'],
  ['grep -F "." /t; grep -w alpha /d/sub/b.txt; echo $?', '1\n'],
  ['sed "s/p/P/g; 2d" /t', 'Pear 3\nfig 2\naPPle 10\n'],
  ['sed -n "/fig/,\\$p" /t', 'fig 2\napple 10\n'],
  ['sed -E "s/([a-z]+) ([0-9]+)/\\2 \\1/" /t | head -1', '3 pear\n'],
  ['sed -i "s/alpha/omega/" /d/a.txt; cat /d/a.txt', 'omega\n'],
  ['sed "1i top" /d/a.txt; sed q /t', 'top\nalpha\npear 3\n'],
  ['ls /d; ls -a /d | head -2; ls -d /d; ls -F /d', 'a.txt\nsub\n.\n..\n/d\na.txt\nsub/\n'],
  ['ls /none; echo $?', '1\n'],
  ['ls -R /d', '/d:\na.txt\nsub\n\n/d/sub:\nb.txt\n'],
  ['ls -l /d/a.txt | cut -c 1-8', '-   1 6 \n'],
  ['mkdir -p /x/y/z; touch /x/f; ls -R /x | tr "\\n" " "', '/x: f y  /x/y: z  /x/y/z: '],
  ['cp -r /d /e; mv /e/a.txt /e/c.txt; find /e -type f', '/e/c.txt\n/e/sub/b.txt\n'],
  ['rm -r /d; ls / | grep d; rm -f /none; rm /none; echo $?', '1\n'],
  ['ln -s /d/a.txt /l; cat /l; readlink /l; readlink -f /l', 'alpha\n/d/a.txt\n/d/a.txt\n'],
  ['find / -name "*.txt" -not -path "*sub*"', '/d/a.txt\n'],
  ['find /d -type f -exec wc -l {} \\;', '1 /d/a.txt\n2 /d/sub/b.txt\n'],
  ['find /d -name "*.txt" | xargs cat', 'alpha\nBeta\nalphabet\n'],
  ['find /d -delete; ls /d; echo $?', '1\n'],
  ['echo "a b c" | xargs -n 1 echo -', '- a\n- b\n- c\n'],
  ['basename /a/b.txt .txt; dirname /a/b.txt; dirname a', 'b\n/a\n.\n'],
  ['stat -c "%n %s %F" /t', '/t 31 regular file\n'],
  ['du -s /d | cut -f 2', '/d\n'],
  ['ps | tail -n +2', '    1 /app.wasm serve\n'],
  ['id -u; id -un; whoami; id', '1000\nme\nme\nuid=1000(me) gid=100 groups=100\n'],
  ['date -u +%Y-%m-%dT%H:%M:%S; date -d @0 +%s', '2023-11-14T22:13:20\n0\n'],
  ['seq 2 4; seq 3 -1 2; seq -s , 3', '2\n3\n4\n3\n2\n1,2,3\n'],
  ['printenv HOME; env -i true; env A=1 printenv A', '/root\n1\n'],
  ['uname; uname -m; hostname', 'WASI\nwasm32\nlocalhost\n'],
  ['echo a | tee /tmp/o; cat /tmp/o', 'a\na\n'],
  ['printf "\\001A" | hexdump -C', '00000000  01 41                                             |.A|\n00000002\n'],
  ['which sh cat nope; echo $?', 'sh\ncat\n1\n'],
];

for (const [command, out, status = 0] of commands)
  test(command, () => {
    const ran = new TestShell(files).run(command, 'typed\n');
    const shown = command.startsWith('ps') ? ran.out.split('\n').slice(0, 1).join('\n').concat('\n') : ran.out;
    assert.deepEqual([shown, ran.status], [out, status], ran.err);
  });

test('what a tool cannot do it says, in the words of the others', () => {
  const shell = new TestShell(files);
  assert.equal(shell.run('cat /none').err, 'cat: /none: No such file or directory\n');
  assert.equal(shell.run('cat /d').err, 'cat: /d: Is a directory\n');
  assert.equal(shell.run('rm /d').err, 'rm: /d: Is a directory\n');
  assert.equal(shell.run('ls --nope').err, 'ls: unrecognized option: --nope\n');
  assert.equal(shell.run('cd /none').err, "cd: can't cd to /none: No such file or directory\n");
  assert.equal(shell.run('echo x > /none/y').err, "sh: can't open /none/y: No such file or directory\n");
  assert.equal(shell.run('/bin/nope').err, 'sh: /bin/nope: No such file or directory\n');
});

test('sleeping is the host’s', () => {
  const shell = new TestShell();
  shell.run('sleep 1.5; sleep 2m');
  assert.equal(shell.slept_ns, 121_500_000_000n);
});
