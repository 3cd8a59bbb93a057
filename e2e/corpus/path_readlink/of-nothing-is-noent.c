#include "../guest.h"

FILES {
  char target[16];
  u32 length;
  expect(path_readlink(ROOT, T("missing"), target, sizeof target, &length), NOENT);
}
