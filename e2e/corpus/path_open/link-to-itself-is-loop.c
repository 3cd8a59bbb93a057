#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, FOLLOW, T("loop"), 0, READING, 0, 0, &fd), LOOP);
  expect(path_open(ROOT, 0, T("loop/x"), 0, READING, 0, 0, &fd), LOOP);
}
