import assert from 'node:assert/strict';
import { test } from 'node:test';

import { notices_unread_max } from '../../limits/index.ts';
import { everything_touched } from '../../vfs/index.ts';
import { UnreadNotices } from './unread-notices.ts';

const notice = new Uint8Array([1, 1, 0, 0x61]);

test('whoever reads no notices is told once that all may have changed, and of nothing after that', () => {
  const unread = new UnreadNotices();
  for (let i = 0; i < notices_unread_max; i++) assert.equal(unread.next(notice), notice);
  assert.equal(unread.next(notice), everything_touched);
  assert.equal(unread.next(notice), null);
});

test('whoever asks again has read what came before its last reply, and not what came since', () => {
  const unread = new UnreadNotices();
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < notices_unread_max / 2; i++) assert.equal(unread.next(notice), notice);
    unread.requested();
    unread.replied();
  }
  for (let i = 0; i < notices_unread_max / 2; i++) assert.equal(unread.next(notice), notice);
  assert.equal(unread.next(notice), everything_touched);
});
