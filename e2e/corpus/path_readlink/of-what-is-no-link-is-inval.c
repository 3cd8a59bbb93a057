#include "../guest.h"

FILES {
  char target[16];
  u32 length;
  expect(path_readlink(ROOT, T("file"), target, sizeof target, &length), INVAL);
  expect(path_readlink(ROOT, T("dir"), target, sizeof target, &length), INVAL);
  expect(path_readlink(ROOT, T("dirlink/"), target, sizeof target, &length), INVAL);
}
