#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, 0, T("dirlink/"), ONLY_DIRECTORY, SEARCHING, 0, 0, &fd), SUCCESS);
  expect(path_open(ROOT, 0, T("link/"), 0, READING, 0, 0, &fd), NOTDIR);
}
