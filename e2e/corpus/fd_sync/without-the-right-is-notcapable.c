#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, ALL & ~(u64)RIGHT_SYNC);
  expect(fd_sync(fd), NOTCAPABLE);
}
