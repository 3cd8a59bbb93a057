import assert from 'node:assert/strict';
import { test } from 'node:test';

import { access, demand, isStuck } from './access.ts';
import { outcome } from './testing.ts';

const user = { uid: 5, gid: 6, groups: [7] };

test("one digit of the mode decides: the owner's, else the group's, else that of others", () => {
  for (const [uid, gid, mode, expected] of [
    [5, 0, 0o400, 'SUCCESS'],
    [5, 6, 0o077, 'ACCES'],
    [1, 6, 0o040, 'SUCCESS'],
    [1, 7, 0o040, 'SUCCESS'],
    [1, 7, 0o004, 'ACCES'],
    [1, 1, 0o004, 'SUCCESS'],
    [1, 1, 0o770, 'ACCES'],
  ] as const)
    assert.equal(
      outcome(() => demand(user, { uid, gid, mode }, access.read)),
      expected,
    );
  assert.equal(
    outcome(() => demand({ ...user, uid: 0 }, { uid: 1, gid: 1, mode: 0 }, access.write)),
    'SUCCESS',
  );
  assert.equal(
    outcome(() => demand(user, { uid: 5, gid: 1, mode: 0o500 }, access.read | access.write)),
    'ACCES',
  );
});

test('in a sticky directory only the owner of a file or of the directory takes it away', () => {
  const tmp = { uid: 0, gid: 0, mode: 0o1777 };
  assert.equal(isStuck(user, tmp, { uid: 1, gid: 1, mode: 0o666 }), true);
  assert.equal(isStuck(user, tmp, { uid: 5, gid: 1, mode: 0o600 }), false);
  assert.equal(isStuck(user, { ...tmp, uid: 5 }, { uid: 1, gid: 1, mode: 0o666 }), false);
  assert.equal(isStuck(user, { ...tmp, mode: 0o777 }, { uid: 1, gid: 1, mode: 0o666 }), false);
});
