#include "../guest.h"

FILES {
  char bytes[4];
  buffer all = {bytes, 4};
  u32 count = 9, fd = opened(T("file"), 0, READING);
  expect(fd_seek(fd, 5, SET, &(u64){0}), SUCCESS);
  expect(fd_read(fd, &all, 1, &count), SUCCESS);
  same(count, 0);
}
