#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, ALL & ~(u64)RIGHT_SET_FLAGS);
  expect(fd_fdstat_set_flags(fd, APPEND), NOTCAPABLE);
}
