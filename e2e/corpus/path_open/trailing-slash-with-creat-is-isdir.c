#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, 0, T("new/"), CREAT, WRITING, 0, 0, &fd), ISDIR);
  expect(path_open(ROOT, 0, T("file/"), CREAT, WRITING, 0, 0, &fd), ISDIR);
}
