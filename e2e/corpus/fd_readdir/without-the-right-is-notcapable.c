#include "../guest.h"

FILES {
  u8 bytes[64];
  u32 filled, fd = opened(T("dir"), 0, SEARCHING & ~(u64)RIGHT_READDIR);
  expect(fd_readdir(fd, bytes, sizeof bytes, 0, &filled), NOTCAPABLE);
}
