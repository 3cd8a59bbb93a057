#include "../guest.h"

FILES {
  filestat stat;
  u32 fd = opened(T("dir"), 0, SEARCHING);
  expect(fd_filestat_set_times(fd, 0, 1000000007, MTIM), SUCCESS);
  expect(fd_filestat_get(fd, &stat), SUCCESS);
  same(stat.mtim, 1000000007);
}
