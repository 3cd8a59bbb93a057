#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, 0, (const char *)0xfffffff0, 8, 0, READING, 0, 0, &fd), FAULT);
  expect(path_open(ROOT, 0, T("file"), 0, READING, 0, 0, (u32 *)0xfffffff0), FAULT);
}
