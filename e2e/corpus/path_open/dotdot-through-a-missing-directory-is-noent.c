#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, 0, T("missing/../file"), 0, READING, 0, 0, &fd), NOENT);
}
