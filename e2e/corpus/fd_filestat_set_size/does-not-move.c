#include "../guest.h"

FILES {
  u64 at;
  u32 fd = opened(T("file"), 0, ALL);
  expect(fd_seek(fd, 4, SET, &at), SUCCESS);
  expect(fd_filestat_set_size(fd, 0), SUCCESS);
  expect(fd_tell(fd, &at), SUCCESS);
  same(at, 4);
}
