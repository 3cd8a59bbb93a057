#include "../guest.h"

FILES {
  fdstat stat;
  u32 fd = opened(T("file"), 0, ALL);
  expect(fd_fdstat_set_flags(fd, APPEND), SUCCESS);
  expect(fd_fdstat_get(fd, &stat), SUCCESS);
  same(stat.flags, APPEND);
  write_text(fd, "!");
  expect(fd_fdstat_set_flags(fd, 0), SUCCESS);
  expect(fd_seek(fd, 0, SET, &(u64){0}), SUCCESS);
  write_text(fd, "H");
  holds(T("file"), "Hello!");
}
