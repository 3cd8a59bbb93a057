#include "../guest.h"

FILES {
  buffer all = {"!", 1};
  u32 count, fd = open_or_end(T("file"), 0, ALL, APPEND);
  expect(fd_pwrite(fd, &all, 1, 0, &count), SUCCESS);
  holds(T("file"), "hello!");
}
