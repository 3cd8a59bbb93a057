#include "../guest.h"

FILES {
  u32 fd = opened(T("dir"), 0, SEARCHING);
  fdstat stat;
  expect(fd_fdstat_get(fd, &stat), SUCCESS);
  same(stat.type, DIRECTORY);
}
