#include "../guest.h"

FILES {
  u32 fd = opened(T("file"), 0, READING);
  expect(fd_renumber(ROOT, fd), NOTSUP);
}
