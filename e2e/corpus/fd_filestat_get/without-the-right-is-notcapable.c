#include "../guest.h"

FILES {
  filestat stat;
  u32 fd = opened(T("file"), 0, READING & ~(u64)RIGHT_FD_STAT);
  expect(fd_filestat_get(fd, &stat), NOTCAPABLE);
}
