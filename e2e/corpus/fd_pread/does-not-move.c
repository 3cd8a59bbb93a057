#include "../guest.h"

FILES {
  char bytes[3];
  buffer all = {bytes, 3};
  u32 count, fd = opened(T("file"), 0, READING);
  expect(fd_pread(fd, &all, 1, 2, &count), SUCCESS);
  same(count, 3);
  check(equal(bytes, "llo", 3));
  u64 at;
  expect(fd_tell(fd, &at), SUCCESS);
  same(at, 0);
}
