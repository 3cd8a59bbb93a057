#include "../guest.h"

FILES {
  u32 a = opened(T("file"), 0, RIGHT_READ), b = opened(T("dir/inner"), 0, ALL);
  expect(fd_renumber(a, b), SUCCESS);
  fdstat stat;
  expect(fd_fdstat_get(b, &stat), SUCCESS);
  same(stat.base, RIGHT_READ);
}
