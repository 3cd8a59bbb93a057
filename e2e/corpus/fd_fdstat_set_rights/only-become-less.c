#include "../guest.h"

FILES {
  fdstat stat;
  u32 fd = opened(T("file"), 0, ALL);
  expect(fd_fdstat_set_rights(fd, RIGHT_READ | RIGHT_SEEK, 0), SUCCESS);
  expect(fd_fdstat_get(fd, &stat), SUCCESS);
  same(stat.base, RIGHT_READ | RIGHT_SEEK);
  expect(fd_fdstat_set_rights(fd, RIGHT_READ | RIGHT_WRITE, 0), NOTCAPABLE);
}
