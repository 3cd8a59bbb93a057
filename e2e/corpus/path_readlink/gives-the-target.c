#include "../guest.h"

FILES {
  char target[16];
  u32 length;
  expect(path_readlink(ROOT, T("link"), target, sizeof target, &length), SUCCESS);
  same(length, 4);
  check(equal(target, "file", 4));
}
