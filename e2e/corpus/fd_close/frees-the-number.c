#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, READING);
  expect(fd_close(fd), SUCCESS);
  expect(fd_close(fd), BADF);
  same(opened(T("file"), 0, READING), fd);
}
