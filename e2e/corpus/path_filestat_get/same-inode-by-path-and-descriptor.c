#include "../guest.h"

FILES {
  filestat by_path, by_fd;
  u32 fd = opened(T("file"), 0, READING);
  expect(path_filestat_get(ROOT, 0, T("file"), &by_path), SUCCESS);
  expect(fd_filestat_get(fd, &by_fd), SUCCESS);
  check(by_path.ino == by_fd.ino && by_path.dev == by_fd.dev);
}
