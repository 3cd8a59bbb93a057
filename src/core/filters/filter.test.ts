import assert from 'node:assert/strict';
import { test } from 'node:test';

import { type Fields, fieldOfMap, parseFilters } from './filter.ts';
import { compilePattern } from './pattern.ts';

const labels = { 'a.b': 'c', plain: 'yes', empty: '', unicode: 'ü' };
const fields: Fields = ([first, ...rest]) => {
  if (first === 'name') return rest.length === 0 ? 'docker.io/library/x:1' : undefined;
  return first === 'labels' ? fieldOfMap(rest, labels) : undefined;
};

test('a filter asks for all of its parts, several for one of them, none for everything', () => {
  for (const [filters, wanted] of [
    [[], true],
    [[''], true],
    [['name'], true],
    [['other'], false],
    [['name==docker.io/library/x:1'], true],
    [['name==docker.io'], false],
    [['name!=docker.io'], true],
    [['other!=x'], true],
    [['other!=""'], false],
    [['name~=^docker\\.io/'], true],
    [['name~=/x:[0-9]+$/'], true],
    [['name~=|library.x|'], true],
    [['name~=nothing'], false],
    [['name~=['], false],
    [['labels."a.b"==c'], true],
    [['labels.a.b==c'], true],
    [['labels.plain==yes,labels."a.b"==d'], false],
    [['labels.plain==yes, labels."a.b"==c'], true],
    [['labels.plain==no', 'labels."a.b"==c'], true],
    [['labels.unicode=="\\u00fc"'], true],
    [['labels.unicode==ü'], true],
    [['labels.empty'], true],
    [['labels.__proto__'], false],
    [['labels'], false],
  ] as const) {
    assert.equal(parseFilters(filters)(fields), wanted, filters.join(' | '));
  }
});

test('what is no filter is refused in the words of containerd', () => {
  for (const [text, reason] of [
    ['bad==', '[bad==]: expected value or quoted'],
    ['name~', '[name >|~|< ]: unsupported operator "~"'],
    ['name=~x', '[name >|=|< ~x]: unsupported operator "=~"'],
    ['labels."a', '[labels. >|"|< a]: quoted literal not terminated'],
    ['id=="', '[id== >|"|< ]: quoted literal not terminated'],
    ['==x', '[ >|=|< =x]: expected field or quoted'],
    ['a b', '[a  >|b|< ]: expected an operator ("=="|"!="|"~=")'],
    ['a==/b/', '[a== >|/|< b/]: invalid quote encountered'],
    ['a=="\\q"', '[a== >|"|< \\q"]: illegal escape sequence'],
    ['a==b c', '[a==b >| |< c]: unexpected input:  '],
  ] as const) {
    assert.throws(() => parseFilters([text]), {
      class: 'InvalidArgument',
      message: `filters: parse error: ${reason}: invalid argument`,
    });
  }
  assert.throws(() => parseFilters(['x'.repeat(10_000)]), { class: 'InvalidArgument' });
  assert.throws(() => parseFilters(Array.from({ length: 1000 }, () => 'x')), { class: 'InvalidArgument' });
});

test('patterns are Go’s', () => {
  for (const [pattern, subject, wanted] of [
    ['', 'x', true],
    ['a|b', 'xb', true],
    ['^a|b$', 'xb', true],
    ['^(?:a|b)$', 'xb', false],
    ['a{2,3}$', 'baaa', true],
    ['^a{2}$', 'aaa', false],
    ['^a{2,}$', 'aaaa', true],
    ['^a{,2}$', 'a{,2}', true],
    ['(?i)ABC', 'xabc', true],
    ['(?i:A)b', 'aB', false],
    ['^[^a-c]+$', 'xyz', true],
    ['[]a]', ']', true],
    ['[a\\-z]', '-', true],
    ['^[[:alpha:]_]+$', 'ab_', true],
    ['^\\d+\\D\\w\\W\\s$', '12xy-z', false],
    ['^\\d+\\D\\w\\W\\s$', '12xy-\t', true],
    ['\\bcat\\b', 'a cat!', true],
    ['\\bcat\\b', 'concat', false],
    ['\\Qa.b\\E$', 'axb', false],
    ['^\\x41\\x{1F600}\\.$', 'A😀.', true],
    ['^\\pL+$', 'äöß', true],
    ['^\\p{Greek}+$', 'αβγ', true],
    ['^.$', '\n', false],
    ['(?s)^.$', '\n', true],
    ['(?m)^b$', 'a\nb\nc', true],
    ['(?P<name>a)+?b', 'aab', true],
    ['(a*)*b', 'aaab', true],
  ] as const) {
    assert.equal(compilePattern(pattern)?.(subject), wanted, `${pattern} on ${subject}`);
  }
});

test('what Go does not compile, and what is too large, matches nothing', () => {
  for (const pattern of [
    '[',
    '(',
    ')',
    'a**',
    '*',
    '(?=a)',
    '(?<!a)b',
    '(a)\\1',
    'a{1001}',
    '(a{1000}){1000}',
    '(((((((((('.repeat(30),
    '\\p{Nothing}',
    '\\y',
    '[z-a]',
  ])
    assert.equal(compilePattern(pattern), null, pattern);
});

test('a pattern made to explode takes as long as another', () => {
  const subject = 'a'.repeat(4000);
  for (const pattern of ['^(a+)+$', '^(a|a)*b', '^(a|aa)+$', '(.*)(.*)(.*)(.*)(.*)[b]', '^(([a-z])+.)+[A-Z]$'])
    compilePattern(pattern)?.(`${subject}!`);
});
