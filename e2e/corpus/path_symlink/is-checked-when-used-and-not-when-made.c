#include "../guest.h"

FILES {
  u32 fd;
  expect(path_symlink(TEXT("../../../etc"), ROOT, T("new")), SUCCESS);
  expect(path_open(ROOT, FOLLOW, T("new"), 0, SEARCHING, 0, 0, &fd), NOTCAPABLE);
}
