#include "../guest.h"

FILES {
  buffer all = {(void *)0xffffff00, 16};
  u32 count, fd = opened(T("file"), 0, READING);
  expect(fd_read(fd, &all, 1, &count), FAULT);
  expect(fd_read(fd, (const buffer *)0xfffffff8, 2, &count), FAULT);
}
