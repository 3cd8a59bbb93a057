#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, ALL & ~(u64)RIGHT_DATASYNC);
  expect(fd_datasync(fd), NOTCAPABLE);
}
