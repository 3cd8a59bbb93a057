#include "../guest.h"

FILES {
  char bytes[4];
  buffer all = {bytes, 4};
  u32 count, fd = opened(T("file"), 0, WRITING);
  expect(fd_read(fd, &all, 1, &count), NOTCAPABLE);
}
