#include "../guest.h"

FILES {
  u64 at;
  u32 fd = opened(T("file"), 0, READING & ~(u64)(RIGHT_SEEK | RIGHT_TELL));
  expect(fd_tell(fd, &at), NOTCAPABLE);
}
