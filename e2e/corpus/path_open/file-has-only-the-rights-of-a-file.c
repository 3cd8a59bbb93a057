#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, ALL);
  fdstat stat;
  expect(fd_fdstat_get(fd, &stat), SUCCESS);
  same(stat.base & (RIGHT_OPEN | RIGHT_READDIR | RIGHT_CREATE_DIRECTORY), 0);
  same(stat.base & (RIGHT_READ | RIGHT_WRITE | RIGHT_SEEK), RIGHT_READ | RIGHT_WRITE | RIGHT_SEEK);
  same(stat.inheriting, 0);
}
