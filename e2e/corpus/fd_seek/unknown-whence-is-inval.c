#include "../guest.h"

FILES {
  u64 at;
  u32 fd = opened(T("file"), 0, READING);
  expect(fd_seek(fd, 0, 3, &at), INVAL);
}
