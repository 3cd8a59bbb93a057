import assert from 'node:assert/strict';
import { test } from 'node:test';

import { humanDuration } from './status-text.ts';

test('durations are worded as Docker words them', () => {
  const second = 1000;
  const minute = 60 * second;
  const hour = 60 * minute;
  const day = 24 * hour;
  for (const [ms, text] of [
    [300, 'Less than a second'],
    [second, '1 second'],
    [59 * second, '59 seconds'],
    [minute, 'About a minute'],
    [59 * minute, '59 minutes'],
    [hour, 'About an hour'],
    [47 * hour, '47 hours'],
    [13 * day, '13 days'],
    [15 * day, '2 weeks'],
    [70 * day, '2 months'],
    [800 * day, '2 years'],
  ] as const) {
    assert.equal(humanDuration(ms), text);
  }
});
