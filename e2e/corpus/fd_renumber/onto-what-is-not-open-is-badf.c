#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, READING);
  expect(fd_renumber(fd, 77), BADF);
  expect(fd_renumber(77, fd), BADF);
  read_text(fd, "hello");
}
