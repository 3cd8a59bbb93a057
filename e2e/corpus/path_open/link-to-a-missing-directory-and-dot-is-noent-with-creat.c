#include "../guest.h"

FILES {
  u32 fd;
  expect(path_symlink(TEXT("missing/."), ROOT, T("new")), SUCCESS);
  expect(path_open(ROOT, FOLLOW, T("new"), CREAT, WRITING, 0, 0, &fd), NOENT);
}
