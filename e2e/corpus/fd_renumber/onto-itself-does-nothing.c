#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, READING);
  expect(fd_renumber(fd, fd), SUCCESS);
  read_text(fd, "hello");
}
