#include "../guest.h"

FILES {
  filestat stat;
  u32 fd = opened(T("file"), 0, READING);
  expect(fd_filestat_set_times(fd, 0, 1000000007, MTIM), SUCCESS);
  expect(fd_filestat_get(fd, &stat), SUCCESS);
  same(stat.mtim, 1000000007);
  expect(path_filestat_get(ROOT, 0, T("file"), &stat), SUCCESS);
  same(stat.mtim, 1000000007);
}
