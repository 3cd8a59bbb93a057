#include "../guest.h"

FILES {
  filestat before, after;
  u32 fd = opened(T("file"), 0, ALL);
  expect(fd_filestat_set_times(fd, 1000000007, 1000000007, ATIM | MTIM), SUCCESS);
  expect(fd_filestat_get(fd, &before), SUCCESS);
  write_text(fd, "x");
  expect(fd_filestat_get(fd, &after), SUCCESS);
  check(after.mtim > before.mtim);
}
