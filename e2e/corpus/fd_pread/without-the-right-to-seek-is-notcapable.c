#include "../guest.h"

FILES {
  char bytes[3];
  buffer all = {bytes, 3};
  u32 count, fd = opened(T("file"), 0, READING & ~(u64)RIGHT_SEEK);
  expect(fd_pread(fd, &all, 1, 0, &count), NOTCAPABLE);
}
