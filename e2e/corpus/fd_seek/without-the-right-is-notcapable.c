#include "../guest.h"

FILES {
  u64 at;
  u32 fd = opened(T("file"), 0, READING & ~(u64)RIGHT_SEEK);
  expect(fd_seek(fd, 1, SET, &at), NOTCAPABLE);
  expect(fd_seek(fd, 0, CUR, &at), SUCCESS);
}
