#include "../guest.h"

FILES {
  u8 bytes[512];
  u32 filled, fd = opened(T("dir"), 0, SEARCHING);
  u64 cookie = 0;
  u32 entries = 0;
  for (;;) {
    expect(fd_readdir(fd, bytes, sizeof(dirent) + 5, cookie, &filled), SUCCESS);
    if (filled < sizeof(dirent)) break;
    cookie = ((dirent *)bytes)->next;
    entries++;
  }
  same(entries, 3);
}
