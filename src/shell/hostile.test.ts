import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { evaluate } from './arithmetic.ts';
import { CommandFault } from './errors.ts';
import { patternExpression } from './pattern.ts';
import { parse, SyntaxFault } from './syntax/parse.ts';
import { TestShell } from './testing.ts';

const pieces =
  `if then fi else elif while do done for in case esac { } ( ) ; ;; & && | || ! < > >> << <<- >& 2> $ $( $(( )) \${ } # ## % :- ? * [ ] ' " \` \\ = x $x "$@" a=1 1 + - \n \t`.split(
    ' ',
  );
const script = fc.array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 3 })), { maxLength: 20 });

test('no text makes the parser throw anything but that it is no script', () => {
  fc.assert(
    fc.property(script, fc.constantFrom('', ' '), (words, between) => {
      try {
        parse(words.join(between));
      } catch (error) {
        assert.ok(error instanceof SyntaxFault, String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

test('no script without loops makes the shell throw: it says what is wrong and ends with a status', () => {
  // What repeats itself may do so for ever, as it may anywhere.
  const loops = /while|until|for|yes|tail|sleep/;
  fc.assert(
    fc.property(script, (words) => {
      const text = words.join(' ');
      if (loops.test(text)) return;
      const { status } = new TestShell().run(text);
      assert.ok(Number.isInteger(status) && status >= 0 && status <= 255, `${text} ended with ${status}`);
    }),
    { numRuns: 2000 },
  );
});

test('no pattern and no expression is more than refused', () => {
  const text = fc.string({ unit: fc.constantFrom(...'[]!^-*?\\az09:.(){}+|$/&"<>=% '.split('')) });
  fc.assert(
    fc.property(text, (pattern) => void patternExpression(pattern).test('some text')),
    { numRuns: 5000 },
  );
  fc.assert(
    fc.property(text, (expression) => {
      try {
        evaluate(expression, { get: () => '1', set: () => {} });
      } catch (error) {
        assert.ok(error instanceof CommandFault, String(error));
      }
    }),
    { numRuns: 5000 },
  );
});

test('sets of characters are those of the C locale, and a range that goes backwards is none', () => {
  const holds = (pattern: string, text: string): boolean => patternExpression(pattern).test(text);
  assert.ok(holds('[[:alpha:]][[:digit:]]', 'a1') && !holds('[[:alpha:]]', '1'));
  assert.ok(holds('[z-a]', '-') && !holds('[z-a]', 'b'));
  assert.ok(holds('[a-[:digit:]]', '5') && holds('[!a-c]', 'd') && holds('[]x]', ']'));
  assert.equal(
    new TestShell().run("echo 'p1 L' | tr '[:lower:]' x; echo aB3 | grep -o '[[:upper:]]'").out,
    'x1 L\nB\n',
  );
});

test('what tools make of patterns and formats they cannot read they say', () => {
  const text = fc.string({ unit: fc.constantFrom(...'[]^-*?\\az09:.(){}+|$/&s;pdgn,! %cfx'.split('')) });
  const tools = ['grep', 'grep -E', 'sed', 'sed -n', 'tr x', 'cut -c', 'head -n', 'printf', 'expr', 'find / -name'];
  fc.assert(
    fc.property(fc.constantFrom(...tools), text, (tool, argument) => {
      const quoted = `'${argument.replaceAll("'", '')}'`;
      const { status } = new TestShell({ '/t': 'one\ntwo\n' }).run(`${tool} ${quoted} < /t`);
      assert.ok(Number.isInteger(status), `${tool} ${quoted}`);
    }),
    { numRuns: 5000 },
  );
});
