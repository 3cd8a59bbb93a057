import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseSignal } from './signals.ts';

test('a signal is a number or a name, in any case, with SIG or without', () => {
  for (const [text, number] of [
    ['9', 9],
    ['KILL', 9],
    ['SIGTERM', 15],
    ['sigint', 2],
    ['RTMIN+3', 37],
    ['SIGRTMAX-1', 63],
  ] as const) {
    assert.equal(parseSignal(text), number, text);
  }
  for (const text of ['0', 'NOPE', '-9', 'RTMIN-1', 'RTMAX+1', '']) {
    assert.throws(() => parseSignal(text), { class: 'InvalidArgument', message: `invalid signal: ${text}` });
  }
});
