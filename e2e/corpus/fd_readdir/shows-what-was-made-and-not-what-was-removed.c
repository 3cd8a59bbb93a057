#include "../guest.h"

FILES {
  u32 fd = opened(T("dir"), 0, SEARCHING);
  put_file(T("dir/new"), "x");
  expect(path_unlink_file(ROOT, T("dir/inner")), SUCCESS);
  check(lists(fd, "new", REGULAR_FILE));
  check(!lists(fd, "inner", REGULAR_FILE));
}
