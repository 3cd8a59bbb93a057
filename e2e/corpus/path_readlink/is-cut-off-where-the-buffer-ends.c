#include "../guest.h"

FILES {
  char target[4] = "....";
  u32 length;
  expect(path_readlink(ROOT, T("link"), target, 2, &length), SUCCESS);
  same(length, 2);
  check(equal(target, "fi..", 4));
}
