#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, ALL & ~(u64)RIGHT_SET_SIZE);
  expect(fd_filestat_set_size(fd, 0), NOTCAPABLE);
  same(size_of(fd), 5);
}
