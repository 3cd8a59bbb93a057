#include "../guest.h"

FILES {
  char target[16];
  u32 length;
  expect(path_symlink(TEXT("/t/file"), ROOT, T("new")), SUCCESS);
  expect(path_readlink(ROOT, T("new"), target, sizeof target, &length), SUCCESS);
  check(length == 7 && equal(target, "/t/file", 7));
}
