#include "../guest.h"

FILES {
  u64 at = 9;
  u32 fd = opened(T("file"), 0, READING);
  expect(fd_tell(fd, &at), SUCCESS);
  same(at, 0);
}
