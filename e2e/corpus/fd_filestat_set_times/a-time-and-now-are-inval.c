#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, ALL);
  expect(fd_filestat_set_times(fd, 0, 1, MTIM | MTIM_NOW), INVAL);
}
