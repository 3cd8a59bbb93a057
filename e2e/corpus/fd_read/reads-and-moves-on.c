#include "../guest.h"

FILES {
  char bytes[4];
  buffer all = {bytes, 3};
  u32 count, fd = opened(T("file"), 0, READING);
  expect(fd_read(fd, &all, 1, &count), SUCCESS);
  same(count, 3);
  expect(fd_read(fd, &all, 1, &count), SUCCESS);
  same(count, 2);
  check(equal(bytes, "lo", 2));
}
