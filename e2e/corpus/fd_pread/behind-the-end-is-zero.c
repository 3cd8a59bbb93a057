#include "../guest.h"

FILES {
  char bytes[3];
  buffer all = {bytes, 3};
  u32 count = 9, fd = opened(T("file"), 0, READING);
  expect(fd_pread(fd, &all, 1, 1000, &count), SUCCESS);
  same(count, 0);
}
