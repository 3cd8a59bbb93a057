#include "../guest.h"

FILES {
  u64 at;
  u32 fd = opened(T("file"), 0, READING);
  expect(fd_seek(fd, -1, SET, &at), INVAL);
  expect(fd_seek(fd, -6, END, &at), INVAL);
}
