#include "../guest.h"

FILES {
  u32 fd = opened(T("new"), CREAT, ALL);
  write_text(fd, "one");
  write_text(fd, "two");
  u64 at;
  expect(fd_tell(fd, &at), SUCCESS);
  same(at, 6);
  holds(T("new"), "onetwo");
}
