#include "../guest.h"

FILES {
  char name[] = "t/00", target[] = "file";
  expect(path_symlink(TEXT("file"), ROOT, T("01")), SUCCESS);
  for (u32 i = 2; i <= 41; i++) {
    target[0] = (char)('0' + (i - 1) / 10), target[1] = (char)('0' + (i - 1) % 10);
    name[2] = (char)('0' + i / 10), name[3] = (char)('0' + i % 10);
    expect(path_symlink(target, 2, ROOT, name, 4), SUCCESS);
  }
  u32 fd;
  expect(path_open(ROOT, FOLLOW, T("40"), 0, READING, 0, 0, &fd), SUCCESS);
  expect(path_open(ROOT, FOLLOW, T("41"), 0, READING, 0, 0, &fd), LOOP);
}
