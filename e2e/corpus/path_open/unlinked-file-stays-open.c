#include "../guest.h"

FILES {
  u32 fd = opened(T("new"), CREAT, ALL);
  write_text(fd, "gone");
  expect(path_unlink_file(ROOT, T("new")), SUCCESS);
  expect(fd_seek(fd, 0, SET, &(u64){0}), SUCCESS);
  read_text(fd, "gone");
  filestat stat;
  expect(fd_filestat_get(fd, &stat), SUCCESS);
  same(stat.nlink, 0);
}
