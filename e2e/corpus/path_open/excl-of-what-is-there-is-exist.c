#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, 0, T("file"), CREAT | EXCL, WRITING, 0, 0, &fd), EXIST);
  expect(path_open(ROOT, 0, T("dir"), CREAT | EXCL, WRITING, 0, 0, &fd), EXIST);
}
