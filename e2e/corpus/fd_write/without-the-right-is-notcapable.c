#include "../guest.h"

FILES {
  buffer all = {"x", 1};
  u32 count, fd = opened(T("file"), 0, READING);
  expect(fd_write(fd, &all, 1, &count), NOTCAPABLE);
}
