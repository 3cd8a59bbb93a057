#include "../guest.h"

FILES {
  buffer all = {"LL", 2};
  u32 count, fd = opened(T("file"), 0, ALL);
  expect(fd_pwrite(fd, &all, 1, 2, &count), SUCCESS);
  u64 at;
  expect(fd_tell(fd, &at), SUCCESS);
  same(at, 0);
  holds(T("file"), "heLLo");
}
