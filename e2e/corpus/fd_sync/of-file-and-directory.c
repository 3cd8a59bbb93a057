#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, ALL);
  write_text(fd, "x");
  expect(fd_sync(fd), SUCCESS);
  expect(fd_sync(opened(T("dir"), 0, SEARCHING)), SUCCESS);
}
