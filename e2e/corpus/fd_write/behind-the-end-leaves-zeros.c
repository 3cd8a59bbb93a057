#include "../guest.h"

FILES {
  char bytes[8];
  buffer all = {bytes, 8};
  u32 count, fd = opened(T("new"), CREAT, ALL);
  expect(fd_seek(fd, 4, SET, &(u64){0}), SUCCESS);
  write_text(fd, "end");
  expect(fd_pread(fd, &all, 1, 0, &count), SUCCESS);
  same(count, 7);
  check(equal(bytes, "\0\0\0\0end", 7));
}
