#include "../guest.h"

FILES {
  char a[2], b[8];
  buffer both[] = {{a, 2}, {NULL, 0}, {b, 8}};
  u32 count, fd = opened(T("file"), 0, READING);
  expect(fd_read(fd, both, 3, &count), SUCCESS);
  same(count, 5);
  check(equal(a, "he", 2) && equal(b, "llo", 3));
}
