#include "../guest.h"

FILES {
  char bytes[8];
  buffer all = {bytes, 8};
  u32 count, fd = opened(T("file"), 0, ALL);
  expect(fd_filestat_set_size(fd, 2), SUCCESS);
  expect(fd_filestat_set_size(fd, 4), SUCCESS);
  expect(fd_pread(fd, &all, 1, 0, &count), SUCCESS);
  check(count == 4 && equal(bytes, "he\0\0", 4));
}
