#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, ALL);
  expect(fd_fdstat_set_flags(fd, 32), INVAL);
}
