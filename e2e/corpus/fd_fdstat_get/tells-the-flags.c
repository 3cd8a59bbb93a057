#include "../guest.h"

FILES {
  fdstat stat;
  u32 fd = open_or_end(T("file"), 0, ALL, APPEND | NONBLOCK | SYNC);
  expect(fd_fdstat_get(fd, &stat), SUCCESS);
  same(stat.type, REGULAR_FILE);
  same(stat.flags, APPEND | NONBLOCK | SYNC);
}
