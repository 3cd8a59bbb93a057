#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, ALL & ~(u64)RIGHT_SET_TIMES);
  expect(fd_filestat_set_times(fd, 0, 1, MTIM), NOTCAPABLE);
}
