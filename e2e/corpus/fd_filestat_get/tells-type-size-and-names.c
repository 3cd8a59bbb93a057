#include "../guest.h"

FILES {
  filestat stat;
  u32 fd = opened(T("file"), 0, READING);
  expect(fd_filestat_get(fd, &stat), SUCCESS);
  same(stat.type, REGULAR_FILE);
  same(stat.size, 5);
  same(stat.nlink, 1);
}
