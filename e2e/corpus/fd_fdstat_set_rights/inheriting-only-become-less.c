#include "../guest.h"

FILES {
  u32 fd, dir = opened(T("."), 0, SEARCHING);
  expect(fd_fdstat_set_rights(dir, RIGHT_OPEN, RIGHT_READ), SUCCESS);
  expect(fd_fdstat_set_rights(dir, RIGHT_OPEN, RIGHT_READ | RIGHT_WRITE), NOTCAPABLE);
  expect(path_open(dir, 0, TEXT("file"), 0, RIGHT_WRITE, 0, 0, &fd), NOTCAPABLE);
  expect(path_open(dir, 0, TEXT("file"), 0, RIGHT_READ, 0, 0, &fd), SUCCESS);
}
