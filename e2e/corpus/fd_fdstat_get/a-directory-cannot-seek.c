#include "../guest.h"

FILES {
  fdstat stat;
  expect(fd_fdstat_get(ROOT, &stat), SUCCESS);
  same(stat.type, DIRECTORY);
  same(stat.base & (RIGHT_SEEK | RIGHT_TELL | RIGHT_READ | RIGHT_WRITE), 0);
  check((stat.inheriting & RIGHT_WRITE) != 0);
}
