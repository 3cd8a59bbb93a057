#include "../guest.h"

FILES {
  u8 bytes[64];
  u32 filled, fd = opened(T("."), 0, SEARCHING);
  for (u32 length = 0; length <= sizeof bytes; length += 16) {
    expect(fd_readdir(fd, bytes, length, 0, &filled), SUCCESS);
    same(filled, length);
  }
}
