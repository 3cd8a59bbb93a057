#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, ALL);
  expect(fd_allocate(fd, 0, 100), SUCCESS);
  same(size_of(fd), 100);
}
