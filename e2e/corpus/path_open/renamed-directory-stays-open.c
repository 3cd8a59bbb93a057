#include "../guest.h"

FILES {
  u32 fd = opened(T("dir"), ONLY_DIRECTORY, SEARCHING);
  expect(path_rename(ROOT, T("dir"), ROOT, T("moved")), SUCCESS);
  filestat stat;
  expect(path_filestat_get(fd, 0, TEXT("inner"), &stat), SUCCESS);
  same(stat.size, 5);
}
