#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, 0, TEXT("../etc/passwd"), 0, READING, 0, 0, &fd), NOTCAPABLE);
  expect(path_open(ROOT, 0, T("../../t/file"), 0, READING, 0, 0, &fd), NOTCAPABLE);
}
