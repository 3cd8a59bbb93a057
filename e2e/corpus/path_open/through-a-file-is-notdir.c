#include "../guest.h"

FILES {
  u32 file = opened(T("file"), 0, READING), fd;
  expect(path_open(file, 0, TEXT("x"), 0, READING, 0, 0, &fd), NOTDIR);
}
