#include "../guest.h"

FILES {
  u32 fd;
  expect(path_symlink(TEXT("../../etc"), ROOT, T("out")), SUCCESS);
  expect(path_open(ROOT, FOLLOW, T("out"), 0, READING, 0, 0, &fd), NOTCAPABLE);
  expect(path_open(ROOT, 0, T("out/passwd"), 0, READING, 0, 0, &fd), NOTCAPABLE);
  expect(path_open(ROOT, FOLLOW, T("out"), CREAT, WRITING, 0, 0, &fd), NOTCAPABLE);
}
