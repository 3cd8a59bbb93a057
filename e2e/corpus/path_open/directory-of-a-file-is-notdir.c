#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, 0, T("file"), ONLY_DIRECTORY, READING, 0, 0, &fd), NOTDIR);
}
