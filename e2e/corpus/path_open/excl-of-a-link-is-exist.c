#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, FOLLOW, T("link"), CREAT | EXCL, WRITING, 0, 0, &fd), EXIST);
  expect(path_open(ROOT, FOLLOW, T("dangling"), CREAT | EXCL, WRITING, 0, 0, &fd), EXIST);
}
