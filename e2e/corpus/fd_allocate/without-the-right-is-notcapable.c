#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, ALL & ~(u64)RIGHT_ALLOCATE);
  expect(fd_allocate(fd, 0, 10), NOTCAPABLE);
}
