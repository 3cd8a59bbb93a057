#include "../guest.h"

FILES {
  filestat stat;
  u32 fd = opened(T("file"), 0, ALL);
  expect(fd_filestat_set_times(fd, 1234567890123456789, 987654321098765432, ATIM | MTIM), SUCCESS);
  expect(fd_filestat_get(fd, &stat), SUCCESS);
  same(stat.atim, 1234567890123456789);
  same(stat.mtim, 987654321098765432);
}
