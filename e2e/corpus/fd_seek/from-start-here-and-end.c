#include "../guest.h"

FILES {
  u64 at;
  u32 fd = opened(T("file"), 0, READING);
  expect(fd_seek(fd, 3, SET, &at), SUCCESS);
  same(at, 3);
  expect(fd_seek(fd, -1, CUR, &at), SUCCESS);
  same(at, 2);
  expect(fd_seek(fd, -1, END, &at), SUCCESS);
  same(at, 4);
  expect(fd_seek(fd, 100, END, &at), SUCCESS);
  same(at, 105);
}
