#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, 0, T("file"), 0, READING, 0, 32, &fd), INVAL);
}
