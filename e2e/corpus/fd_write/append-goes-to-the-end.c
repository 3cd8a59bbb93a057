#include "../guest.h"

FILES {
  u32 fd = open_or_end(T("file"), 0, ALL, APPEND);
  write_text(fd, " one");
  expect(fd_seek(fd, 0, SET, &(u64){0}), SUCCESS);
  write_text(fd, " two");
  holds(T("file"), "hello one two");
}
