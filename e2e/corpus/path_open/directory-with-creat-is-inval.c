#include "../guest.h"

FILES {
  u32 fd;
  expect(path_open(ROOT, 0, T("new"), ONLY_DIRECTORY | CREAT, READING, 0, 0, &fd), INVAL);
}
