#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, FOLLOW, T("dangling"), 0, READING, 0, 0, &fd), NOENT);
}
