#include "../guest.h"

FILES {
  u8 bytes[64];
  u32 filled, fd = opened(T("file"), 0, ALL);
  expect(fd_readdir(fd, bytes, sizeof bytes, 0, &filled), NOTDIR);
}
